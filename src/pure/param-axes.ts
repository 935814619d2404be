import { isMapping } from './is-mapping.js';

/** A parameter as it was declared: where its values stand, from 0 to 1, or which of its options they are. */
export interface ParamAxis {
  /** Its path, such as `optimizer.momentum`. */
  readonly param: string;
  /** The number of options of a choice; 0 for numbers. */
  readonly optionCount: number;
  /** Returns the place of a trial's value, the index of its option for a choice; null if the trial has none. */
  readonly placeOf: (params: unknown) => number | null;
}

type Find = (params: unknown) => unknown;

/**
 * Returns the axes of a space, from its description as in `sweep.yaml`: on a logarithmic scale where
 * that was declared. What is not the description of a distribution is left out.
 */
export function paramAxes(space: unknown): readonly ParamAxis[] {
  const axes: ParamAxis[] = [];
  const walk = (node: unknown, path: string, find: Find): void => {
    if (!isMapping(node)) return;
    const [[kind, values] = ['', null], ...more] = Object.entries(node);
    if (more.length === 0 && Array.isArray(values)) {
      if (kind === 'choice') walkChoice(values, path, find);
      else axes.push(...numberAxis(kind, values, { path, find }));
      return;
    }
    for (const [name, inner] of Object.entries(node))
      walk(inner, path === '' ? name : `${path}.${name}`, (params) => memberOf(find(params), name));
  };
  const walkChoice = (options: readonly unknown[], path: string, find: Find): void => {
    const placeOf = (params: unknown): number | null => {
      const at = options.findIndex((option) => mayBe(option, find(params)));
      return at < 0 ? null : at;
    };
    axes.push({ param: path, optionCount: options.length, placeOf });
    options.forEach((option, at) =>
      walk(option, path, (params) => (placeOf(params) === at ? find(params) : undefined)),
    );
  };
  walk(space, '', (params) => params);
  return axes;
}

function numberAxis(
  kind: string,
  values: readonly unknown[],
  { path, find }: { readonly path: string; readonly find: Find },
): readonly ParamAxis[] {
  const [one, other] = values;
  if (typeof one !== 'number' || typeof other !== 'number') return [];
  const isLog = kind === 'logUniform';
  // Nearly all values of a normal distribution lie within three deviations.
  const [low, high] = kind === 'normal' ? [one - 3 * other, one + 3 * other] : [one, other];
  const levelOf = isLog ? Math.log : (value: number): number => value;
  const [from, to] = [levelOf(low), levelOf(high)];
  const placeOf = (params: unknown): number | null => {
    const value = find(params);
    if (typeof value !== 'number') return null;
    const place = to === from ? 0.5 : (levelOf(value) - from) / (to - from);
    return Number.isNaN(place) ? null : Math.min(Math.max(place, 0), 1);
  };
  return [{ param: path, optionCount: 0, placeOf }];
}

/** True if a value may be that of an option: the same constant, or a group of the same names and constants. */
function mayBe(option: unknown, value: unknown): boolean {
  if (!isMapping(option)) return option === value;
  if (!isMapping(value)) return false;
  const names = Object.keys(option);
  return (
    names.length === Object.keys(value).length &&
    names.every((name) => {
      const inner = option[name];
      if (!Object.hasOwn(value, name)) return false;
      return (isMapping(inner) && Object.values(inner).some(Array.isArray)) || mayBe(inner, value[name]);
    })
  );
}

const memberOf = (value: unknown, name: string): unknown =>
  isMapping(value) && Object.hasOwn(value, name) ? value[name] : undefined;
