'use strict';

/** @returns {typeof import('winston')} */
exports.load = () => require('winston');
