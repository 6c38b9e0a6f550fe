// Fastify with pg: schemas for what comes in and goes out, a pool, @fastify/jwt with its cache.
import { createHash } from 'node:crypto'
import jwt from '@fastify/jwt'
import Fastify from 'fastify'
import { pool, query, refuse, transaction } from './database.js'
import { assess, form } from './forms.js'
import { Answer, Page, Part, Team, TeamCreate, User, id, shape } from './shapes.js'

const app = Fastify()
app.register(jwt, {
  secret: { public: process.env.BENCH_PUBLIC_PEM },
  verify: { algorithms: ['ES256'], allowedIss: 'core-api', allowedAud: 'core-api', cache: 10000 }
})

async function authenticate (request) {
  const { sid } = await request.jwtVerify()
  const [user] = await query(pool, 'caller', `
    SELECT account.id, email, username, given_name, family_name, display_name, locale, time_zone,
           account.status, email_verified_at, account.created_at, account.updated_at
      FROM session JOIN account ON account.id = session.account_id
     WHERE session.id = $1 AND session.revoked_at IS NULL AND session.idle_expires_at > now()
       AND session.expires_at > now() AND account.status IN ('active', 'pending')`, [sid])
  if (!user) throw refuse(401, 'invalid token')
  request.caller = user
}

async function role (request) {
  const [found] = await query(pool, 'role', `
    SELECT team_member.role FROM applet JOIN team_member ON team_member.team_id = applet.team_id
     WHERE applet.id = $1 AND team_member.account_id = $2`, [request.params.applet, request.caller.id])
  if (!found) throw refuse(404, 'no such applet')
  request.role = found.role
}

app.get('/v1/users/me', { onRequest: authenticate, schema: { response: { 200: User } } }, async (request) => request.caller)

app.get('/v1/teams/:team', { onRequest: authenticate, schema: { params: shape({ team: id }), response: { 200: Team } } }, async (request) => {
  const [team] = await query(pool, 'team', `
    SELECT team.id, team.name, team_member.role AS my_role,
           (SELECT count(*)::int FROM team_member AS other WHERE other.team_id = team.id) AS member_count, team.created_at, team.updated_at
      FROM team_member JOIN team ON team.id = team_member.team_id
     WHERE team_member.team_id = $1 AND team_member.account_id = $2`, [request.params.team, request.caller.id])
  if (!team) throw refuse(404, 'no such team')
  return team
})

app.post('/v1/teams', { onRequest: authenticate, schema: { body: TeamCreate, response: { 201: Team } } }, async (request, reply) => {
  const { caller, body } = request
  const team = await transaction(async (conn) => {
    const [made] = await query(conn, 'add_team', 'INSERT INTO team (name) VALUES ($1) RETURNING id, name, created_at, updated_at', [body.name.trim()])
    await query(conn, 'add_owner', "INSERT INTO team_member (team_id, account_id, role) VALUES ($1, $2, 'owner')", [made.id, caller.id])
    await query(conn, 'add_event', `INSERT INTO audit_event (actor_id, team_id, action, object_id, detail)
      VALUES ($1, $2, 'team.created', $3, '{}')`, [caller.id, made.id, made.id])
    return made
  })
  reply.code(201)
  return { ...team, my_role: 'owner', member_count: 1 }
})

const listing = { params: shape({ applet: id }), response: { 200: Page }, querystring: { type: 'object', properties: { limit: { type: 'integer', minimum: 1, maximum: 200, default: 50 }, include: { const: 'answers' } }, required: ['include'] } }
app.get('/v1/applets/:applet/submissions', { onRequest: [authenticate, role], schema: listing }, async (request) => {
  if (!['admin', 'owner'].includes(request.role)) throw refuse(403, 'admins only')
  const { limit } = request.query
  const rows = await query(pool, 'submissions', `
    SELECT submission.id, submission.applet_version_id AS version_id, version_copy.label AS version_label,
           submission.account_id AS respondent_id, submission.status, submission.started_at,
           submission.completed_at, submission.received_at, submission.zone
      FROM submission JOIN version_copy ON version_copy.applet_id = submission.applet_id AND version_copy.id = submission.applet_version_id
     WHERE submission.applet_id = $1 ORDER BY submission.received_at, submission.id LIMIT $2`, [request.params.applet, limit + 1])
  const items = rows.slice(0, limit).map((row) => ({ ...row, answers: [] }))
  const byId = new Map(items.map((item) => [item.id, item]))
  const answers = await query(pool, 'answers', `
    SELECT id, submission_id, activity_id, activity_revision_id AS revision_id, payload, scores, warnings, started_at, ended_at, received_at
      FROM answer WHERE applet_id = $1 AND submission_id = ANY($2) ORDER BY step, id`, [request.params.applet, [...byId.keys()]])
  for (const answer of answers) {
    const item = byId.get(answer.submission_id)
    item.answers.push({ ...answer, version_id: item.version_id })
  }
  const last = items.at(-1)
  const cursor = rows.length > limit ? Buffer.from(JSON.stringify([last.received_at, last.id])).toString('base64url') : null
  return { items, next_cursor: cursor }
})

const sending = { params: shape({ applet: id, submission: id, answer: id }), body: Part, response: { 201: Answer } }
app.put('/v1/applets/:applet/submissions/:submission/answers/:answer', { onRequest: [authenticate, role], schema: sending }, async (request, reply) => {
  const { params, body, caller } = request
  const known = await form(params.applet, body.version_id, body.activity_id)
  const scores = assess(known, body.payload)
  const digest = createHash('sha256').update(JSON.stringify([params.submission, body])).digest()
  const times = [body.started_at, body.ended_at]
  const answer = await transaction(async (conn) => {
    await query(conn, 'add_submission', `
      INSERT INTO submission (applet_id, id, applet_version_id, account_id, status, started_at, completed_at, zone)
      VALUES ($1, $2, $3, $4, 'complete', $5, $6, $7)`, [params.applet, params.submission, body.version_id, caller.id, ...times, body.zone])
    const [made] = await query(conn, 'add_answer', `
      INSERT INTO answer (applet_id, id, submission_id, step, activity_id, activity_revision_id, payload, part_sha256, scores, warnings, started_at, ended_at)
      VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, '[]', $9, $10)
      RETURNING id, submission_id, activity_id, activity_revision_id AS revision_id, payload, scores, warnings, started_at, ended_at, received_at`,
    [params.applet, params.answer, params.submission, body.activity_id, known.revision, JSON.stringify(body.payload), digest, JSON.stringify(scores), ...times])
    return made
  }).catch((error) => { throw error.code === '23505' ? refuse(409, 'these ids are taken') : error })
  reply.code(201)
  return { ...answer, version_id: body.version_id }
})

await app.listen({ host: '127.0.0.1', port: Number(process.env.BENCH_PORT) })
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(0))
