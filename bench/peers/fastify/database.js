// The pool, and a transaction on one of its connections.
import pg from 'pg'

export const pool = new pg.Pool({ host: process.env.BENCH_SOCKET, database: process.env.BENCH_DATABASE, user: 'postgres', max: 10 })

export const refuse = (statusCode, message) => Object.assign(new Error(message), { statusCode })

// Node-postgres prepares a statement that has a name.
export const query = async (conn, name, sql, values) => (await conn.query({ name, text: sql, values })).rows

export async function transaction (work) {
  const conn = await pool.connect()
  try {
    await conn.query('BEGIN')
    const result = await work(conn)
    await conn.query('COMMIT')
    return result
  } catch (error) {
    await conn.query('ROLLBACK')
    throw error
  } finally {
    conn.release()
  }
}
