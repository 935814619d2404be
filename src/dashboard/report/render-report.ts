import { createHash } from 'node:crypto';
import { jsonText } from '../../model/json-text.js';
import type { ReportData } from '../report-data.js';
import { pageFiles } from '../server/page-files.js';

/**
 * Renders a report as one self-contained HTML file: the dashboard's page with its data inside. A
 * policy lets only its own script run, and no request leave the file.
 */
export function renderReport(report: ReportData): string {
  const files = pageFiles();
  const text = (name: string): string => files.get(name)?.text ?? '';
  // HTML ends the element at these, whatever they mean in the script.
  const script = text('main.js')
    .replace(/<\/(script)/gi, '<\\/$1')
    .replace(/<!--/g, '<\\!--');
  const style = text('page.css').replace(/<\/(style)/gi, '<\\/$1');
  const data = jsonText(report).replace(/</g, '\\u003c');
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    'img-src data: blob:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const parts = {
    head: `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    style: `<style>${style}</style>`,
    script: `<script type="application/json" id="expman-report">${data}</script><script type="module">${script}</script>`,
  };
  return text('index.html')
    .replace(/<meta charset[^>]*>/, (charset) => `${charset}${parts.head}`)
    .replace(/<link[^>]*rel="icon"[^>]*>/, '')
    .replace(/<link[^>]*rel="stylesheet"[^>]*>/, () => parts.style)
    .replace(/<script[^>]*><\/script>/, '')
    .replace('</body>', () => `${parts.script}</body>`);
}

const hashOf = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;
