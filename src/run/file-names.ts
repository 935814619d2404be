/** The names of a run's text files. */
export const RUN_NAME = 'run.yaml';
export const CONFIG_NAME = 'config.yaml';
export const LOG_NAME = 'run.log';
/** The file of an experiment that lies beside its runs. */
export const EXPERIMENT_NAME = 'experiment.yaml';
