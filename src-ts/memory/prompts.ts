/** What language models are asked. Names in braces are filled in; those of LangChain's templates are the same. */
import { invalid } from '../errors.js'
import { text } from '../options.js'

export const SUMMARY_PROMPT = `You keep the minutes of a conversation. Below are the minutes so far and what was said since. Write the new minutes: keep every fact, name, number, wish and decision that may matter later, add what is new, and drop greetings and repetitions. Write in the language of the conversation, in plain sentences, and give back nothing but the minutes.

Minutes so far:
{summary}

Said since:
{new_lines}

New minutes:`

export const ENTITY_EXTRACTION_PROMPT = `Which people, places, organisations, products and other things with a name does the last message speak of? The messages before it are there only to tell what words such as "she" or "there" stand for. Answer with the names, separated by commas, as they are written; answer NONE if there are none.

Messages before:
{history}

Last message:
{input}

Names:`

export const ENTITY_SUMMARIZATION_PROMPT = `You keep notes about {entity}. Bring them up to date with what the last messages say about {entity}: keep what is still true, add what is new, and write nothing about anything else. Answer with the notes alone, in a few plain sentences, or with the one word UNCHANGED if there is nothing new.

Notes so far:
{summary}

Messages before:
{history}

Last messages:
{input}

Notes about {entity}:`

export const FACTS_PROMPT = `Below is a conversation of {date}. Write down what should still be known of it in a year: who the people are, what they have, like, want, plan and have done, with names, places, numbers and dates. Put each fact on a line of its own, as a sentence that can be understood without the conversation; write dates out instead of words such as "yesterday". Leave out greetings, opinions about the weather and whatever nobody will ask about. Write in the language of the conversation. Answer with the facts alone, or with NONE if there are none.

Conversation:
{lines}

Facts:`

/**
 * The template of an option.
 * @throws {HippocampError} ERR_INVALID_ARGUMENT for a template that leaves out what is to be worked on
 */
export function templateOf(
  name: string,
  given: string | undefined,
  standard: string,
  needed: readonly string[],
): string {
  const template = given === undefined ? standard : text(name, given)
  for (const part of needed) {
    if (!template.includes(`{${part}}`))
      throw invalid(`${name} has no {${part}}: write it where that is to stand`)
  }
  return template
}

/** A template with its names filled in. */
export function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (whole, name) =>
    Object.hasOwn(values, name) ? (values[name] as string) : whole,
  )
}
