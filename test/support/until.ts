export * from '../../src/operations/drill/until.js';
