import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { RunFactsAnswer } from '../../api.js';
import { type ApiFailure, failureOf } from '../api/api.js';
import { usePage } from '../api/use-api.js';
import { countText } from '../facts/format.js';
import { tagsIn, tagText } from './tag-text.js';

/**
 * The length of notes that the server accepts.
 *
 * @bound refuses: HTTP 400, and the field takes no more characters
 */
const MOST_NOTES = 65_536;
/** Longer notes would fill the first screen. */
const SHORT_NOTES = { length: 600, lines: 10 };

/** Shows tags and notes; those of a closed run can be edited if the server runs with `--write`. */
export function NotesEditor({
  id,
  facts: { status, tags = [], notes = '' },
  again,
}: {
  readonly id: string;
  readonly facts: RunFactsAnswer;
  readonly again: () => void;
}): JSX.Element | null {
  const { server } = usePage();
  const [isOpen, setOpen] = useState(false);
  if (isOpen)
    return (
      <Form
        {...{ id, tags, notes }}
        close={(isChanged) => {
          setOpen(false);
          if (isChanged) again();
        }}
      />
    );
  const isRunning = status === 'RUNNING';
  if (!server.writable && tags.length === 0 && notes === '') return null;
  return (
    <div class="notes card">
      <div class="notes-tags">
        {tags.map((tag) => (
          <span class="tag" key={tag}>
            {tag}
          </span>
        ))}
        {tags.length === 0 ? <span class="dim">no tags</span> : null}
        {server.writable ? (
          <button
            type="button"
            class="quiet"
            disabled={isRunning}
            title={isRunning ? 'You can edit them once the run has ended' : undefined}
            onClick={() => setOpen(true)}
          >
            Edit tags and notes
          </button>
        ) : null}
      </div>
      <Notes notes={notes} />
    </div>
  );
}

/** Long notes are folded, so that the results of the run are seen first. */
function Notes({ notes }: { readonly notes: string }): JSX.Element | null {
  if (notes === '') return null;
  const text = <p class="notes-text">{notes}</p>;
  if (notes.length <= SHORT_NOTES.length && notes.split('\n').length <= SHORT_NOTES.lines) return text;
  return (
    <details>
      <summary>Notes, {countText(notes.length)} characters</summary>
      {text}
    </details>
  );
}

function Form({
  id,
  tags,
  notes,
  close,
}: {
  readonly id: string;
  readonly tags: readonly string[];
  readonly notes: string;
  readonly close: (isChanged: boolean) => void;
}): JSX.Element {
  const { api } = usePage();
  const [tagLine, setTagLine] = useState(tagText(tags));
  const [noteText, setNoteText] = useState(notes);
  const [failure, setFailure] = useState<ApiFailure | null>(null);
  const save = (): void => {
    // Send only what was edited, so that a field cannot alter the rest.
    const change = {
      ...(tagLine !== tagText(tags) && { tags: tagsIn(tagLine) }),
      ...(noteText !== notes && { notes: noteText }),
    };
    api.change(id, change).then(
      () => close(true),
      (error: unknown) => setFailure(failureOf(error)),
    );
  };
  return (
    <form
      class="notes card"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
      onKeyDown={({ key }) => (key === 'Escape' ? close(false) : undefined)}
    >
      <label>
        Tags, comma-separated
        <input type="text" value={tagLine} onInput={({ currentTarget }) => setTagLine(currentTarget.value)} />
      </label>
      <label>
        Notes
        <textarea
          rows={4}
          maxLength={MOST_NOTES}
          value={noteText}
          onInput={({ currentTarget }) => setNoteText(currentTarget.value)}
        />
      </label>
      {failure === null ? null : (
        <p class="run-error" role="alert">
          {failure.answer.message} <code>{failure.answer.code}</code>
        </p>
      )}
      <div class="notes-tags">
        <button type="submit">Save</button>
        <button type="button" class="quiet" onClick={() => close(false)}>
          Cancel
        </button>
      </div>
    </form>
  );
}
