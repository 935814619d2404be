/** What one end of a process left and how long it took. */
export interface ExitFigure {
  readonly event: string;
  readonly durability: string;
  readonly status: string;
  readonly exit: string;
  readonly rowsMissing: number;
  /** Age of the oldest row that is missing; null when none is. */
  readonly lossMs: number | null;
  readonly exitMs: number;
}

/** The figures as a table of Markdown: one line for each event and durability, in the order they first came. */
export function exitTable(figures: readonly ExitFigure[]): string {
  const groups = new Map<string, ExitFigure[]>();
  for (const figure of figures) {
    const key = `${figure.event} ${figure.durability}`;
    groups.set(key, [...(groups.get(key) ?? []), figure]);
  }
  const lines = [...groups.values()].sort((a, b) => orderOf(a, figures) - orderOf(b, figures)).map(lineOf);
  return [
    '| event | durability | rows there afterwards | status | exit | exit time: median, worst |',
    '| --- | --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}

/** Both durabilities of an event stand together. */
function orderOf([first]: readonly ExitFigure[], figures: readonly ExitFigure[]): number {
  return figures.findIndex(({ event }) => event === first?.event);
}

function lineOf(group: readonly ExitFigure[]): string {
  const [first] = group;
  if (first === undefined) return '';
  const losses = group.flatMap(({ lossMs }) => (lossMs === null ? [] : [lossMs]));
  const kept =
    losses.length === 0
      ? 'every row'
      : `all but up to ${Math.max(...group.map(({ rowsMissing }) => rowsMissing))} of the last ${Math.max(1, Math.ceil(Math.max(...losses)))} ms`;
  const times = group.map(({ exitMs }) => exitMs).sort((a, b) => a - b);
  const median = times[Math.floor(times.length / 2)] ?? 0;
  const cells = [first.event, `'${first.durability}'`, kept, first.status, first.exit];
  return `| ${cells.join(' | ')} | ${median.toFixed(0)}, ${(times.at(-1) ?? 0).toFixed(0)} ms |`;
}
