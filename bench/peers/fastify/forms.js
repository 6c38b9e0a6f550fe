// The rules of a form: what each item takes, and its scores.
import { pool, query, refuse } from './database.js'

const forms = new Map()
export async function form (applet, version, activity) {
  const key = `${applet} ${version} ${activity}`
  if (!forms.has(key)) {
    const [found] = await query(pool, 'form', `
      SELECT revision.id, revision.content FROM applet_version AS version
        JOIN applet_version_activity AS part ON part.applet_version_id = version.id
        JOIN activity_revision AS revision ON revision.id = part.activity_revision_id
       WHERE version.applet_id = $1 AND version.id = $2 AND part.activity_id = $3`, [applet, version, activity])
    if (!found) throw refuse(422, 'no such form')
    const choices = new Map(found.content.items.map((item) => [item.name, new Set(item.values.options.map((option) => option.value))]))
    const ends = (name) => Math.min(...choices.get(name)) + Math.max(...choices.get(name))
    const scores = found.content.scores_and_reports.scores.map(({ name, items }) => ({
      name, items: items.map((entry) => typeof entry === 'string' ? { item: entry } : { item: entry.item, ends: ends(entry.item) })
    }))
    forms.set(key, { revision: found.id, choices, scores })
  }
  return forms.get(key)
}

export function assess ({ choices, scores }, payload) {
  for (const [name, { value }] of Object.entries(payload)) {
    if (!choices.get(name)?.has(value)) throw refuse(422, `${name} does not take this value`)
  }
  return scores.map(({ name, items }) => {
    const worth = items.filter(({ item }) => item in payload).map(({ item, ends }) => ends ? ends - payload[item].value : payload[item].value)
    const total = worth.reduce((sum, value) => sum + value, 0)
    return { name, value: worth.length ? Math.round(100 * total / worth.length) / 100 : null, answered: worth.length, listed: items.length }
  })
}
