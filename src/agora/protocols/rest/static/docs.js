"use strict";
// The page is made from /openapi.json alone; every text goes in as text, never as markup.
const main = document.getElementById("operations");
const make = (tag, attributes = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), attributes);
  element.append(...children);
  return element;
};
let api;
const resolve = (schema) => (schema && schema.$ref ? api.components.schemas[schema.$ref.split("/").pop()] : schema) || {};
const flat = (schema) => {
  const known = resolve(schema);
  const options = (known.anyOf || []).map(resolve).filter((option) => option.type !== "null");
  return options.length === 1 ? { ...known, ...options[0] } : known;
};
const typeOf = (schema) => {
  const known = flat(schema);
  if (known.enum) return known.enum.join(" | ");
  if (known.type === "array") return `list of ${typeOf(known.items || {})}`;
  if (known.anyOf) return known.anyOf.map(typeOf).join(" or ");
  return known.format || known.type || "any";
};
const describe = (schema) => {
  const known = flat(schema);
  const facts = [typeOf(schema)];
  if (schema.default !== undefined && schema.default !== null && schema.default !== "") facts.push(`default ${JSON.stringify(schema.default)}`);
  return facts.join(", ") + (schema.description || known.description ? ` — ${schema.description || known.description}` : "");
};
const control = (schema, id) => {
  const known = flat(schema);
  if (known.enum) return make("select", { id }, make("option", { value: "" }, ""), ...known.enum.map((value) => make("option", { value }, value)));
  if (known.type === "object" || known.additionalProperties) return make("textarea", { id, rows: 2, placeholder: "{}" });
  return make("input", { id, placeholder: known.examples ? String(known.examples[0]) : "" });
};
const parse = (schema, text) => {
  const known = flat(schema);
  if (known.type === "array") return text.split(",").map((part) => part.trim()).filter(Boolean);
  if (known.type === "string" || known.enum) return text;
  try { return JSON.parse(text); } catch { return text; }
};
const fieldsOf = (entry) => {
  const fields = (entry.parameters || []).map((parameter) => ({ ...parameter }));
  const body = entry.requestBody && entry.requestBody.content["application/json"].schema;
  for (const [name, schema] of Object.entries((body && body.properties) || {}))
    fields.push({ name, in: "body", required: (body.required || []).includes(name), schema });
  return fields;
};
const request = (path, method, fields, form) => {
  let url = path;
  const query = new URLSearchParams(), headers = {}, body = {};
  for (const field of fields) {
    const text = form[field.name].value;
    if (text === "") continue;
    if (field.in === "path") url = url.replace(`{${field.name}}`, encodeURIComponent(text));
    else if (field.in === "query") query.append(field.name, text);
    else if (field.in === "header") headers[field.name] = text;
    else body[field.name] = parse(field.schema, text);
  }
  const token = document.getElementById("token").value.trim();
  if (token) headers.Authorization = `Bearer ${token}`;
  const options = { method: method.toUpperCase(), headers };
  if (fields.some((field) => field.in === "body")) {
    headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  return [url + (query.size ? `?${query}` : ""), options];
};
const tryIt = (path, method, fields, form) => {
  const answer = make("pre", { hidden: true, tabIndex: 0 });
  const status = make("span");
  const button = make("button", { type: "button" }, "Call it");
  button.onclick = async () => {
    const [url, options] = request(path, method, fields, form);
    answer.hidden = false;
    answer.textContent = "…";
    try {
      const response = await fetch(url, options);
      const text = await response.text();
      status.className = response.ok ? "good" : "bad";
      status.textContent = ` ${response.status} ${response.statusText}`;
      try { answer.textContent = JSON.stringify(JSON.parse(text), null, 2); } catch { answer.textContent = text; }
    } catch (error) {
      status.className = "bad";
      status.textContent = " no answer";
      answer.textContent = String(error);
    }
  };
  return [make("p", {}, button, status), answer];
};
const card = (path, method, entry) => {
  const details = make("details", { id: entry.operationId, className: entry.deprecated ? "deprecated" : "" });
  details.append(make("summary", {}, make("span", { className: "method" }, method.toUpperCase()), make("code", {}, path), make("span", { className: "summary" }, entry.summary || "")));
  details.addEventListener("toggle", () => {
    if (!details.open || details.dataset.filled) return;
    details.dataset.filled = "yes";
    const body = make("div", { className: "body" });
    body.append(make("p", {}, entry.description || ""));
    body.append(make("p", { className: "quiet" }, `${entry["x-agora-operation"] || entry.operationId}${entry["x-agora-scope"] ? ` · needs ${entry["x-agora-scope"]}` : " · for everyone"}`));
    const fields = fieldsOf(entry), form = {};
    for (const field of fields) {
      const id = `${entry.operationId}.${field.name}`;
      form[field.name] = control(field.schema, id);
      const label = make("label", { htmlFor: id }, make("span", { className: field.required ? "required" : "" }, field.name), make("small", {}, describe({ ...field.schema, description: field.description || field.schema.description })));
      body.append(make("div", { className: "field" }, label, form[field.name]));
    }
    const stream = Object.values(entry.responses).some((response) => response.content && response.content["text/event-stream"]);
    if (stream) body.append(make("p", { className: "quiet" }, "A stream: read it with curl -N, an EventSource, or a WebSocket at /ws."));
    else body.append(...tryIt(path, method, fields, form));
    details.append(body);
  });
  return details;
};
const show = () => {
  const wanted = document.getElementById("search").value.toLowerCase();
  const groups = {};
  for (const [path, methods] of Object.entries(api.paths))
    for (const [method, entry] of Object.entries(methods)) {
      if (/\.\d+$/.test(entry.operationId)) continue; // the same operation at its route by rule
      if (wanted && !`${path} ${entry.operationId} ${entry.summary}`.toLowerCase().includes(wanted)) continue;
      (groups[(entry.tags || ["server"])[0]] ||= []).push(card(path, method, entry));
    }
  main.replaceChildren(...Object.entries(groups).flatMap(([name, cards]) => [make("h2", { id: name }, name), ...cards]));
  if (!main.children.length) main.append(make("p", { className: "quiet" }, "Nothing matches. Clear the search to see every operation."));
  document.getElementById("categories").replaceChildren(...Object.keys(groups).map((name) => make("a", { href: `#${name}` }, name)));
};
fetch("/openapi.json").then((response) => response.json()).then((found) => {
  api = found;
  document.getElementById("version").textContent = api.info.version;
  document.getElementById("search").addEventListener("input", show);
  show();
}).catch((error) => main.replaceChildren(make("p", { className: "bad" }, `The contract could not be read: ${error}`)));
