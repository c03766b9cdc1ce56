export { isoTime } from '../../base/iso-time.js';
