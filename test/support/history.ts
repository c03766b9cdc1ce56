export * from '../../src/operations/drill/history.js';
