/** Conversion of error responses to errors. */

import { AgoraError, type Problem } from "./error.ts";
import { ERROR_CLASSES, Halted, RateLimited } from "./generated/errors.ts";
import { isObject, parseJson } from "./json.ts";

const byCode = new Map(ERROR_CLASSES.map((each) => [each.code, each]));

/** Create the error of a problem document. For an unknown code, the HTTP status determines the class. */
export function errorFromProblem(problem: Problem, status: number): AgoraError {
  const known = byCode.get(problem.code ?? "") ?? ERROR_CLASSES.find((each) => each.status === status) ?? AgoraError;
  return new known(problem.detail ?? "", problem);
}

/** Whether a body is a problem document of an Agora server, rather than text of an intermediary. */
export function isProblem(body: string): boolean {
  const document = parseJson(body);
  return isObject(document) && "code" in document;
}

/** Create the error of an error response, of the server (problem+json) or of an intermediary. */
export function errorFromAnswer(status: number, headers: Headers, body: string, url: string): AgoraError {
  const document = parseJson(body);
  let problem: Problem;
  if (isObject(document) && "code" in document) {
    problem = document as Problem;
  } else {
    const place = headers.get("location");
    problem = { detail: `${url} answered ${status}${place ? ` to ${place}` : ""}, not as an Agora server does.` };
  }
  const seconds = retryAfterSeconds(headers);
  if (problem["retry_after"] === undefined && seconds !== undefined) problem = { ...problem, retry_after: seconds };
  return errorFromProblem(problem, status);
}

/** Parse the header `Retry-After` in seconds; it may also be a date. */
export function retryAfterSeconds(headers: Headers): number | undefined {
  const text = headers.get("retry-after")?.trim();
  if (!text) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - Date.now()) / 1000);
}

/** Whether a long-lived caller may retry: server errors, limits, halts. */
export function isTransient(error: unknown): error is AgoraError {
  return error instanceof AgoraError && (error.status >= 500 || error instanceof RateLimited || error instanceof Halted);
}
