/**
 * Names: the contract writes `task_id`, TypeScript `taskId`. What stands below a name such as `payload` or `metadata`
 * belongs to whoever wrote it and is never changed.
 */

import { MAPS, OPAQUE_ARGUMENTS, OPAQUE_RESULTS } from "./generated/operations.ts";
import { isObject } from "./json.ts";

const argumentsKept = new Set(OPAQUE_ARGUMENTS.split(" "));
const resultsKept = new Set(OPAQUE_RESULTS.split(" "));
const maps = new Set(MAPS.split(" "));

/** `task_id` as `taskId`. */
export function camelCase(name: string): string {
  return name.replace(/(?<=[A-Za-z0-9])_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** `taskId` as `task_id`. */
export function snakeCase(name: string): string {
  return name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * Arguments as the wire has them; those that are undefined are left out.
 *
 * @param opaque - further names whose contents are sent as they are
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
 * A result as programs have it.
 *
 * @param opaque - further names whose contents are handed on as they are
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
