// Preloaded into a client whose addresses are fixed: what it sends to Azure DevOps goes to the simulator at SIMULATOR
// (http://127.0.0.1:<port>) instead. The client itself stays as it was published.
const http = require("node:http");
const https = require("node:https");
const modules = require("node:module");

const simulator = new URL(process.env.SIMULATOR);
const redirected = new Set(["dev.azure.com", "vssps.dev.azure.com"]);

const send = https.request;
https.request = function (options, ...rest) {
  const host = options.hostname ?? options.host?.split(":")[0];
  if (!redirected.has(host)) {
    return send.call(https, options, ...rest);
  }
  const { agent, ...others } = options;
  const target = { protocol: "http:", host: simulator.hostname, hostname: simulator.hostname, port: simulator.port };
  return http.request({ ...others, ...target, headers: { ...options.headers, host: simulator.host } }, ...rest);
};

const fetchAnywhere = globalThis.fetch;
globalThis.fetch = function (input, init) {
  const url = new URL(input instanceof Request ? input.url : input.toString());
  if (!redirected.has(url.hostname)) {
    return fetchAnywhere(input, init);
  }
  const address = new URL(url.pathname + url.search, simulator);
  return fetchAnywhere(input instanceof Request ? new Request(address, input) : address, init);
};

// The key ring of the operating system is native code that an install without scripts does not build; signing in with a
// token never asks it.
const load = modules._load;
modules._load = function (name, ...rest) {
  return name.endsWith("keytar.node") ? {} : load.call(modules, name, ...rest);
};
