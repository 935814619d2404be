import type { JSX } from 'preact';

/** One of some names. */
export function Select({
  label,
  value,
  names,
  choose,
}: {
  readonly label: string;
  readonly value: string;
  readonly names: readonly string[];
  readonly choose: (name: string) => void;
}): JSX.Element {
  return (
    <label class="choice">
      {label}
      <select value={value} onChange={({ currentTarget }) => choose(currentTarget.value)}>
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
