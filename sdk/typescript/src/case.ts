/**
 * Conversion of names: the contract uses `task_id`, TypeScript `taskId`. Content below a name such as `payload` or
 * `metadata` is user data and never changed.
 */

import { MAPS, OPAQUE_ARGUMENTS, OPAQUE_RESULTS } from "./generated/operations.ts";
import { isObject } from "./json.ts";

const argumentsKept = new Set(OPAQUE_ARGUMENTS.split(" "));
const resultsKept = new Set(OPAQUE_RESULTS.split(" "));
const maps = new Set(MAPS.split(" "));

/** Convert `task_id` to `taskId`. */
export function camelCase(name: string): string {
  return name.replace(/(?<=[A-Za-z0-9])_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Convert `taskId` to `task_id`. */
export function snakeCase(name: string): string {
  return name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * Convert arguments to their wire format; undefined ones are omitted.
 *
 * @param opaque - additional names whose content is sent unchanged
 */
export function encodeArguments(args: object, opaque: ReadonlySet<string>): Record<string, unknown> {
  return encodeObject(args, opaque);
}

function encodeObject(value: object, opaque: ReadonlySet<string>): Record<string, unknown> {
  const encoded: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    const name = snakeCase(key);
    const isKept = argumentsKept.has(name) || opaque.has(name);
    encoded[name] = isKept ? item : encodeValue(item, opaque);
  }
  return encoded;
}

function encodeValue(value: unknown, opaque: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((item) => encodeValue(item, opaque));
  return isObject(value) && !(value instanceof Date) ? encodeObject(value, opaque) : value;
}

/**
 * Convert a result from its wire format.
 *
 * @param opaque - additional names whose content is returned unchanged
 */
export function decodeResult(value: unknown, opaque: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((item) => decodeResult(item, opaque));
  if (!isObject(value)) return value;
  const decoded: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (resultsKept.has(key) || opaque.has(key)) decoded[camelCase(key)] = item;
    else if (maps.has(key) && isObject(item)) decoded[camelCase(key)] = decodeMap(item, opaque);
    else decoded[camelCase(key)] = decodeResult(item, opaque);
  }
  return decoded;
}

function decodeMap(map: Record<string, unknown>, opaque: ReadonlySet<string>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(map).map(([key, item]) => [key, decodeResult(item, opaque)]));
}
