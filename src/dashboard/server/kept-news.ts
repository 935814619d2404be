import type { LiveNews } from '../data/data-messages.js';

/** @bound loses nothing: a client that missed something is told to read again */
const MAX_COUNT = 2000;
/**
 * Approximate size of the news that is kept; one piece may take megabytes.
 *
 * @bound loses nothing: a client that missed something is told to read again
 */
const MAX_BYTES = 16 * 1024 * 1024;
const POINT_BYTES = 32;

/** News with its number. */
export interface Kept {
  readonly number: number;
  readonly news: LiveNews;
}

/**
 * The latest news, for clients whose connection broke; older news is dropped when there is too
 * much.
 */
export class KeptNews {
  private readonly kept: Kept[] = [];
  private bytes = 0;
  private number = 0;
  /** The number of the last news that was dropped. */
  private gone = 0;

  /** The last number that was assigned. */
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

  /**
   * Assigns a number to no news: a client that only knows older numbers has missed what came in
   * between.
   */
  skip(): number {
    return ++this.number;
  }

  /**
   * Returns the news after a number; null if some of it was dropped, or the number was never
   * assigned.
   */
  after(number: number): readonly Kept[] | null {
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
