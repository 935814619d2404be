import type { JSX } from 'preact';

/** A choice of one of several names. */
export function Select({
  label,
  value,
  names,
  titleOf = (name) => name,
  choose,
}: {
  readonly label: string;
  readonly value: string;
  readonly names: readonly string[];
  /** Returns the text shown for a name. */
  readonly titleOf?: (name: string) => string;
  readonly choose: (name: string) => void;
}): JSX.Element {
  return (
    <label class="choice">
      {label}
      <select value={value} onChange={({ currentTarget }) => choose(currentTarget.value)}>
        {names.map((name) => (
          <option key={name} value={name}>
            {titleOf(name)}
          </option>
        ))}
      </select>
    </label>
  );
}
