import { bareObject, isParamGroup } from '../../model/param-value.js';
import { encodeParams, mergeParams, type Params, type ParamValue } from '../../model/params.js';
import { freeName } from '../../pure/free-name.js';

/** A parameter for which runs have different values. */
export interface ParamConflict {
  /** Its path, with dots between the names. */
  readonly param: string;
  /** The values by the labels of the runs that have it. */
  readonly values: Readonly<Record<string, ParamValue>>;
}

/** The parameters of one of several runs. */
interface Labelled {
  readonly label: string;
  readonly params: Params;
}

/** The parameters of several runs as those of one. */
export interface JoinedParams {
  readonly params: Params;
  readonly conflicts: readonly ParamConflict[];
}

/**
 * Joins the parameters of runs. One that has different values in them is kept for each under the
 * label of its run, which is changed by a `_` at its end as long as a parameter has that name; with
 * `isLastKept`, the last value is kept at its own place, too.
 */
export function joinParams(runs: readonly Labelled[], isLastKept: boolean): JoinedParams {
  const conflicts: { readonly path: readonly string[]; readonly values: readonly Value[] }[] = [];
  const join = (path: readonly string[], values: readonly Value[]): ParamValue | undefined => {
    const groups = values.flatMap(({ label, value }) => (isParamGroup(value) ? [{ label, value }] : []));
    if (groups.length === values.length) {
      const names = new Set(groups.flatMap(({ value }) => Object.keys(value)));
      const entries = [...names].flatMap((name): [string, ParamValue][] => {
        const present = groups.flatMap(({ label, value }) => {
          const each = value[name];
          return each === undefined ? [] : [{ label, value: each }];
        });
        const joined = join([...path, name], present);
        return joined === undefined ? [] : [[name, joined]];
      });
      return bareObject(entries);
    }
    const texts = new Set(values.map(({ value }) => encodeParams({ value })));
    if (texts.size === 1) return values[0]?.value;
    conflicts.push({ path, values });
    return isLastKept ? values.at(-1)?.value : undefined;
  };
  const plain = join(
    [],
    runs.map(({ label, params }) => ({ label, value: params })),
  );
  let params: Params = isParamGroup(plain) ? plain : {};
  const taken = new Set(runs.flatMap(({ params: each }) => Object.keys(each)));
  for (const { path, values } of conflicts)
    for (const { label, value } of values)
      params = mergeParams(params, nested([freeName(label, (name) => taken.has(name)), ...path], value));
  return {
    params,
    conflicts: conflicts.map(({ path, values }) => ({
      param: path.join('.'),
      values: bareObject(values.map(({ label, value }) => [label, value])),
    })),
  };
}

interface Value {
  readonly label: string;
  readonly value: ParamValue;
}

const nested = ([name = '', ...rest]: readonly string[], value: ParamValue): Params =>
  bareObject([[name, rest.length === 0 ? value : nested(rest, value)]]);
