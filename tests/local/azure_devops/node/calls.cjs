// Microsoft's Node client, driven from outside: one JSON line in, {"api", "method", "args"}; one JSON line out,
// {"result"} or {"status", "error"}. A null argument is one left out. A stream is answered as text.
const readline = require("node:readline");
const { WebApi, getPersonalAccessTokenHandler } = require("azure-devops-node-api");

const [url, token] = process.argv.slice(2);
const connection = new WebApi(url, getPersonalAccessTokenHandler(token));

async function text(stream) {
  const chunks = [];
  for await (const chunk of stream) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

async function call({ api, method, args }) {
  const target = api ? await connection[`get${api}Api`]() : connection;
  const result = await target[method](...args.map((argument) => argument ?? undefined));
  return typeof result?.pipe === "function" ? text(result) : result;
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let answer;
    try {
      answer = { result: (await call(JSON.parse(line))) ?? null };
    } catch (error) {
      answer = { status: error.statusCode ?? null, error: error.message, type: error.result?.typeKey ?? null };
    }
    process.stdout.write(JSON.stringify(answer) + "\n");
  }
}

main();
