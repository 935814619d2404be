import type { LiveNews } from '../data/data-messages.js';

/** @bound loses nothing: who has missed something is told to read again */
const MAX_COUNT = 2000;
/**
 * Of what is told, about; one piece of news may be of megabytes.
 *
 * @bound loses nothing: who has missed something is told to read again
 */
const MAX_BYTES = 16 * 1024 * 1024;
const POINT_BYTES = 32;

/** News with its number. */
export interface Kept {
  readonly number: number;
  readonly news: LiveNews;
}

/** What was told last, for clients whose connection broke; older news goes when there is too much of it. */
export class KeptNews {
  private readonly kept: Kept[] = [];
  private bytes = 0;
  private number = 0;
  /** The last number of what has gone. */
  private gone = 0;

  /** The last number that was given. */
  get last(): number {
    return this.number;
  }

  add(news: LiveNews): Kept {
    const kept = { number: ++this.number, news };
    this.kept.push(kept);
    this.bytes += bytesOf(news);
    while (this.kept.length > MAX_COUNT || this.bytes > MAX_BYTES) {
      const oldest = this.kept.shift();
      if (oldest === undefined) break;
      this.bytes -= bytesOf(oldest.news);
      this.gone = oldest.number;
    }
    return kept;
  }

  /** A number that no news has: whoever knows but older ones has missed what came in between. */
  skip(): number {
    return ++this.number;
  }

  /** What came behind a number; null where some of that has gone, or the number was never given. */
  behind(number: number): readonly Kept[] | null {
    if (!(number >= this.gone && number <= this.number)) return null;
    return this.kept.filter((kept) => kept.number > number);
  }
}

function bytesOf(news: LiveNews): number {
  switch (news.kind) {
    case 'points':
      return news.series.reduce((sum, { step }) => sum + step.length * POINT_BYTES, POINT_BYTES);
    case 'logs':
      return news.text.length;
    case 'run':
      return news.facts.length;
    case 'reset':
      return POINT_BYTES;
    default:
      return news satisfies never;
  }
}
