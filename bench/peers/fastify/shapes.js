// What comes in and goes out, as JSON Schema.
const text = { type: 'string' }
const maybe = { type: ['string', 'null'] }
export const id = { type: 'string', format: 'uuid' }
const instant = { type: 'string', format: 'date-time' }
export const shape = (properties) => ({ type: 'object', properties, required: Object.keys(properties) })
export const User = shape({
  id, email: text, username: maybe, given_name: text, family_name: text, display_name: text, locale: text,
  time_zone: text, status: text, email_verified_at: { anyOf: [instant, { type: 'null' }] }, created_at: instant, updated_at: instant
})
export const Team = shape({ id, name: text, my_role: text, member_count: { type: 'integer' }, created_at: instant, updated_at: instant })
const Score = shape({ name: text, value: { type: ['number', 'null'] }, answered: { type: 'integer' }, listed: { type: 'integer' } })
const anything = { type: 'object', additionalProperties: true }
export const Answer = shape({
  id, submission_id: id, version_id: id, activity_id: id, revision_id: id, payload: anything,
  scores: { type: 'array', items: Score }, warnings: { type: 'array', items: anything },
  started_at: instant, ended_at: instant, received_at: instant
})
const Submission = shape({
  id, version_id: id, version_label: text, respondent_id: id, status: text, started_at: instant, completed_at: instant,
  received_at: instant, zone: text, answers: { type: 'array', items: Answer }
})
export const Page = shape({ items: { type: 'array', items: Submission }, next_cursor: maybe })
const Entry = { type: 'object', properties: { value: { type: 'integer' } }, required: ['value'], additionalProperties: false }
export const Part = {
  ...shape({ version_id: id, activity_id: id, started_at: instant, ended_at: instant, zone: text, payload: { type: 'object', additionalProperties: Entry } }),
  additionalProperties: false
}
export const TeamCreate = { ...shape({ name: { type: 'string', minLength: 1, maxLength: 80 } }), additionalProperties: false }
