import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import { source } from "./source.mjs";

const { listeners, onPorts } = await source("listeners");

test("who listens on a port changes what is told of it, and no other port does", async () => {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  const first = onPorts(listeners(), [port]);
  assert.match(first, new RegExp(`^${port} \\d+$`));
  const other = net.createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  assert.equal(onPorts(listeners(), [port]), first);
  const client = net.connect(port, "127.0.0.1");
  await once(client, "connect");
  assert.equal(onPorts(listeners(), [port]), first, "a connection is no listener");
  client.destroy();
  server.close();
  await once(server, "close");
  assert.equal(onPorts(listeners(), [port]), "");
  other.close();
});

test("a system that does not tell is known as one", () => {
  assert.equal(listeners(["/nowhere/tcp"]), undefined);
});
