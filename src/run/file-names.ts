/** The names of a run's text files. */
export const RUN_NAME = 'run.yaml';
export const CONFIG_NAME = 'config.yaml';
export const LOG_NAME = 'run.log';
