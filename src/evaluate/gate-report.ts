import { markdownText } from '../model/markdown.js';
import type { GateResult } from './gate.js';

/** Formats the result of a gate as a Markdown table, for a comment on a pull request. */
export function gateMarkdown({
  passed,
  experiment,
  run,
  metric,
  value,
  baseline,
  checks,
}: GateResult): string {
  const facts = [
    `${metric} is ${value}`,
    ...(baseline === null ? [] : [`${baseline.value} in ${baseline.run}`]),
  ];
  return [
    `**${passed ? 'Passed' : 'Failed'}**: ${markdownText(`${experiment}/${run}`)}, ${markdownText(facts.join('; '))}`,
    '',
    '| check | result | |',
    '| --- | --- | --- |',
    ...checks.map(
      (check) =>
        `| ${check.name} | ${check.passed ? 'passed' : '**failed**'} | ${markdownText(check.message)} |`,
    ),
  ].join('\n');
}

/**
 * Formats the result of a gate as JUnit XML, one test case per check, as CI systems read it.
 */
export function gateJUnit({ experiment, run, metric, checks }: GateResult): string {
  const failures = checks.filter(({ passed }) => !passed).length;
  const suite = xml(`expman gate ${experiment}/${run}`);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites tests="${checks.length}" failures="${failures}">`,
    `  <testsuite name="${suite}" tests="${checks.length}" failures="${failures}" errors="0" skipped="0">`,
    ...checks.flatMap(({ name, passed, message }) => [
      `    <testcase classname="${suite}" name="${xml(`${metric} ${name}`)}"${passed ? '/>' : '>'}`,
      ...(passed ? [] : [`      <failure message="${xml(message)}"/>`, '    </testcase>']),
    ]),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

/** Escapes a text for an XML attribute; characters that XML 1.0 does not allow become U+FFFD. */
const xml = (text: string): string =>
  text
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll(/[\t\n\r]/g, (char) => `&#${char.charCodeAt(0)};`);
