import { type Command, command } from './command.js';
import { MONITOR, NONE, RECOVER, STOP, SWEEP, WORK } from './command-options.js';
import { ELSEWHERE_DETAILS, KEEPING_COMMANDS } from './keeping-commands.js';
import { READING_COMMANDS } from './reading-commands.js';

/** All commands, in the order the help shows them. */
export const COMMANDS: readonly Command[] = [
  ...READING_COMMANDS,
  ...KEEPING_COMMANDS,
  command({
    name: 'monitor',
    args: '[dir]',
    summary: 'Watches runs for crashes, stalls, or a filter.',
    options: MONITOR,
    details:
      'DIR is a folder of experiments (default ./experiments), an experiment, or a run.\n' +
      'Prints a run once for each condition, and again after it was resumed. Sends it\n' +
      'to the webhook in EXPMAN_WEBHOOK, if that is set, with the alerts that ended\n' +
      'runs have left unsent. Runs until Ctrl-C; with --once the exit code is 5 if\n' +
      'anything was found.',
    json: 'one object per line: { kind: "crashed", "stalled" or "matched", condition, message, runDir, experiment, run, uuid, epoch, at }, { kind: "alerts", runDir, sent, unproven, failure } or { kind: "problem", runDir, code, message }.',
    load: () => import('./monitor.js'),
  }),
  command({
    name: 'sweep',
    args: '<dir>',
    summary: 'Shows the trials of a sweep and where they run.',
    options: SWEEP,
    details:
      'DIR is the folder of a sweep: the experiment, with its sweep.yaml.\n' +
      'With four finished trials or more, shows the share of the variance of the metric\n' +
      'that each parameter explains by itself (functional ANOVA, Hutter et al. 2014).\n' +
      'A sweep of several metrics says which trials are on the Pareto front: no other\n' +
      'trial that finished and keeps all constraints surpasses them in all metrics.\n' +
      'Workers are the hosts that have run its trials; without a host, a trial ran in\n' +
      'the process of the sweep.',
    json: '{ dir, status, uuid, metric, mode, metrics, constraints, searcher, scheduler, best, front, trials, workers, importance }; each trial: trial, attempt, status, params, value, values, constraintValues, violation, step, run, host, slot, runDir, error; each worker: host, slots, running, ended; each of importance: param, importance (0 to 1), trials, the most important first. best is the number of a trial, front those of the Pareto front; metric and mode are of the first of metrics.',
    load: () => import('./sweep.js'),
  }),
  command({
    name: 'work',
    args: '[url]',
    summary: 'Runs trials that a sweep offers in a queue.',
    options: WORK,
    details:
      '--sweep and --module are required.\n' +
      'URL is the Redis or Valkey server of the sweep, redis://host:6379; without it,\n' +
      'EXPMAN_QUEUE is used, which keeps a password out of the list of processes. Waits\n' +
      'for a sweep that has not begun, and ends with exit code 0 when it has ended.\n' +
      'SIGTERM and SIGINT let running trials finish first; a second one ends at once.\n' +
      'Every trial has a worker thread; with --env, each slot is a process of its own.\n' +
      'Parameters must be of the space that the module exports as `space`.',
    json: 'one line per event: { event: "begun" | "ended", trial, attempt, slot, status, value, error } or { event: "note", text }.',
    load: () => import('./work.js'),
  }),
  command({
    name: 'stop',
    args: '<run...>',
    summary: 'Asks running runs, or a sweep, to end.',
    options: STOP,
    details:
      'RUN is the folder of a run, or that of a sweep. A run ends when its program\n' +
      'reacts to run.stop$ or run.signal; a later owner of the run is not asked. The\n' +
      'exit code is 2 if nobody runs it, and 4 if it has not ended within --timeout.',
    json: 'an array of { runDir, hasEnded }.',
    load: () => import('./stop.js'),
  }),
  command({
    name: 'recover',
    args: '<dir...>',
    summary: 'Recovers interrupted runs and closes them.',
    options: RECOVER,
    details: `DIR is a run, an experiment, or a folder of experiments.\nThe exit code is 2 if anything is damaged or calls were lost, now or earlier.\n${ELSEWHERE_DETAILS}`,
    json: '{ recovered: [{ runDir, changed, status, rows, replayedRows, tornBytes, corrupt, missingRecords, lost, losses, takenBack, alertsSent, malformed }], failed: [{ runDir, code, message }] }.',
    load: () => import('./recover.js'),
  }),
  command({
    name: 'verify',
    args: '<dir...>',
    summary: 'Verifies all checksums of runs; changes nothing.',
    options: NONE,
    details:
      'DIR is a run, an experiment, or a folder of experiments; every byte is read.\n' +
      'The exit code is 2 if anything is damaged or calls were lost, now or earlier.',
    json: 'an array of { runDir, status, rows, checkedBytes, tornBytes, lost, losses, problems: [{ file, code, message }] }.',
    load: () => import('./verify.js'),
  }),
  command({
    name: 'doctor',
    args: '[dir]',
    summary: 'Checks a folder and this machine for problems.',
    options: NONE,
    json: 'an array of { kind: "fine" | "warning" | "problem", what, advice }.',
    load: () => import('./doctor.js'),
  }),
  command({
    name: 'skill',
    args: '',
    summary: 'Prints a guide for coding agents (SKILL.md).',
    options: NONE,
    details:
      'How to log, query, compare, sweep and evaluate, with exit codes and the keys of\n' +
      'JSON. To install it, write it where an agent looks for its skills:\n\n' +
      '  mkdir -p .claude/skills/expman-rx\n' +
      '  expman skill > .claude/skills/expman-rx/SKILL.md',
    json: '{ path, text }; path is that of the file in the package.',
    load: () => import('./skill.js'),
  }),
  command({
    name: 'completion',
    args: '<shell>',
    summary: 'Prints a completion script for bash, zsh or fish.',
    options: NONE,
    details: '  source <(expman completion bash)',
    json: 'the same script.',
    load: async () => {
      const { completionFor } = await import('./completion.js');
      return { run: completionFor(COMMANDS) };
    },
  }),
];
