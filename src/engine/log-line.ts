export * from '../model/log-line.js';
