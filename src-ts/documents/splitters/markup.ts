/**
 * Splitters of Markdown and LaTeX: at headings and environments first.
 */
import { optionsOf } from '../../options.js'
import { separatorsForLanguage } from './languages.js'
import { RecursiveCharacterTextSplitter } from './recursive.js'
import { SPLITTER_OPTIONS, type TextSplitterOptions } from './text-splitter.js'

export class MarkdownTextSplitter extends RecursiveCharacterTextSplitter {
  constructor(options?: TextSplitterOptions) {
    const given = optionsOf(options, 'MarkdownTextSplitter', SPLITTER_OPTIONS)
    super({ ...given, separators: separatorsForLanguage('markdown') })
  }
}

export class LatexTextSplitter extends RecursiveCharacterTextSplitter {
  constructor(options?: TextSplitterOptions) {
    const given = optionsOf(options, 'LatexTextSplitter', SPLITTER_OPTIONS)
    super({ ...given, separators: separatorsForLanguage('latex') })
  }
}
