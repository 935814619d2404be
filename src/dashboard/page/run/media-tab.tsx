import type { JSX } from 'preact';
import type { RunAnswer } from '../../api.js';
import { bytesText, numberText } from '../facts/format.js';
import { safeHref } from '../parts/safe-href.js';
import { Download } from './files-tab.js';
import { placeText } from './preview-text.js';
import { Preview } from './preview.js';

type Media = RunAnswer['media'][number];

/** Images and other media by name, ordered by step. */
export function MediaTab({ run: { media } }: { readonly run: RunAnswer }): JSX.Element {
  const names = [...new Set(media.map(({ name }) => name))];
  return (
    <div class="media">
      {names.map((name) => (
        <section key={name} aria-label={name}>
          <h2>{name}</h2>
          <ul>
            {media
              .filter((each) => each.name === name)
              .map((each) => (
                <Item key={each.href} media={each} />
              ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function Item({
  media: { name, kind, step, bytes, caption, isImage, href },
}: {
  readonly media: Media;
}): JSX.Element {
  const address = isImage ? safeHref(href) : null;
  const where = step === null ? kind : `step ${numberText(step)}`;
  return (
    <li class="card">
      {address === null ? (
        <div class="media-file">{placeText(kind, href)}</div>
      ) : (
        <img src={address} alt={caption ?? `${name}, ${where}`} loading="lazy" decoding="async" />
      )}
      <p>
        <span>{where}</span>
        <span class="dim">{bytesText(bytes)}</span>
      </p>
      {caption === null ? null : <p class="media-caption">{caption}</p>}
      {address !== null ? null : (
        <>
          <Download name={name} href={href} />
          <Preview {...{ name, href, bytes }} />
        </>
      )}
    </li>
  );
}
