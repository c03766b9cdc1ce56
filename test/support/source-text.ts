/** An import, export-from or dynamic import in a source file: what it names and the line (from 1) on which it starts. */
export interface ImportStatement {
  readonly specifier: string;
  readonly line: number;
}

/** A source file split by meaning; both texts keep every position, what is left out is blank. */
export interface SourceText {
  /** Without comments. */
  readonly withoutComments: string;
  /** Without comments and without what stands in strings and regular expressions. */
  readonly codeOnly: string;
}

const quotes = new Set(["'", '"']);
const beforeRegExp = /(?:^|[(,=:[!&|?{};+*%~^<>-]|\b(?:return|typeof|case|in|of|do|else|void|yield|await))\s*$/;

/** Splits TypeScript source; small on purpose (TypeScript 7 has no API to parse with), and exact for what the formatter lets through. */
export function splitSource(source: string): SourceText {
  const withoutComments = source.split('');
  const codeOnly = source.split('');
  const blank = (target: string[], from: number, to: number) => {
    for (let at = from; at < to; at++) if (target[at] !== '\n') target[at] = ' ';
  };
  // For each template literal that is open: how many braces are open inside its present ${…}.
  const templates: number[] = [];
  let at = 0;
  while (at < source.length) {
    const char = source.charAt(at);
    const start = at;
    if (source.startsWith('//', at)) {
      at = endOf(source.indexOf('\n', at), source);
      blank(withoutComments, start, at);
      blank(codeOnly, start, at);
    } else if (source.startsWith('/*', at)) {
      const close = source.indexOf('*/', at + 2);
      at = close < 0 ? source.length : close + 2;
      blank(withoutComments, start, at);
      blank(codeOnly, start, at);
    } else if (quotes.has(char)) {
      at = skipUntil(source, at + 1, char);
      blank(codeOnly, start + 1, at - 1);
    } else if (char === '/' && beforeRegExp.test(codeOnly.slice(Math.max(0, at - 40), at).join(''))) {
      at = skipRegExp(source, at + 1);
      blank(codeOnly, start, at);
    } else if (char === '`') {
      at = skipTemplateText(source, at + 1, templates);
      blank(codeOnly, start + 1, at - 1);
    } else if (char === '}' && templates.at(-1) === 0) {
      templates.pop();
      at = skipTemplateText(source, at + 1, templates);
      blank(codeOnly, start + 1, at - 1);
    } else {
      const open = templates.at(-1);
      if (open !== undefined && char === '{') templates[templates.length - 1] = open + 1;
      if (open !== undefined && char === '}') templates[templates.length - 1] = open - 1;
      at++;
    }
  }
  return { withoutComments: withoutComments.join(''), codeOnly: codeOnly.join('') };
}

/** Every module that a source names, type-only imports included. */
export function importsOf({ withoutComments, codeOnly }: SourceText): ImportStatement[] {
  const forms = [
    /\b(?:import|export)\b[^'"`;()=]*?\bfrom\s*(['"])(.+?)\1/g,
    /\bimport\s*(['"])(.+?)\1/g,
    /\b(?:import|require)\s*\(\s*(['"])(.+?)\1/g,
  ];
  return forms
    .flatMap((form) => [...withoutComments.matchAll(form)])
    .filter((match) => codeOnly.charAt(match.index) !== ' ')
    .map((match) => ({ specifier: match[2] ?? '', line: lineOf(withoutComments, match.index) }));
}

/** The line, counted from 1, of a position in a text. */
export function lineOf(text: string, at: number): number {
  return text.slice(0, at).split('\n').length;
}

function endOf(at: number, source: string): number {
  return at < 0 ? source.length : at;
}

function skipUntil(source: string, from: number, close: string): number {
  let at = from;
  while (at < source.length && source.charAt(at) !== close) at += source.charAt(at) === '\\' ? 2 : 1;
  return at + 1;
}

function skipRegExp(source: string, from: number): number {
  let inClass = false;
  let at = from;
  while (at < source.length && (inClass || source.charAt(at) !== '/')) {
    if (source.charAt(at) === '[') inClass = true;
    if (source.charAt(at) === ']') inClass = false;
    at += source.charAt(at) === '\\' ? 2 : 1;
  }
  return at + 1;
}

/** Skips to behind the closing backtick, or behind a `${`, which it notes as open. */
function skipTemplateText(source: string, from: number, templates: number[]): number {
  let at = from;
  while (at < source.length && source.charAt(at) !== '`') {
    if (source.startsWith('${', at)) {
      templates.push(0);
      return at + 2;
    }
    at += source.charAt(at) === '\\' ? 2 : 1;
  }
  return at + 1;
}
