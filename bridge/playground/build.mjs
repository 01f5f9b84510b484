// Bundles GraphiQL into one file that the bridge embeds: node build.mjs OUT.
//
// The file begins with a line for each asset, `NAME MEDIA-TYPE CODING TAG BYTES`, and an empty line; then
// come the assets' bytes, in that order. All but the page are compressed, once, here. The same
// packages give the same bytes.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import * as esbuild from "esbuild";

const MEDIA_TYPES = {
  ".css": "text/css;charset=utf-8",
  ".html": "text/html;charset=utf-8",
  ".js": "text/javascript;charset=utf-8",
  ".ttf": "font/ttf",
  ".txt": "text/plain;charset=utf-8",
};

const WORKERS = {
  "editor.worker": "monaco-editor/esm/vs/editor/editor.worker.js",
  "graphql.worker": "monaco-graphql/esm/graphql.worker.js",
  "json.worker": "monaco-editor/esm/vs/language/json/json.worker.js",
};

const here = fileURLToPath(new URL(".", import.meta.url));

const common = {
  absWorkingDir: here,
  bundle: true,
  charset: "utf8",
  define: { "process.env.NODE_ENV": '"production"' },
  legalComments: "none", // licenses.txt has them
  metafile: true,
  minify: true,
  outdir: "out", // nothing is written there
  target: "es2022",
  write: false,
};

const packages = new Set(); // the folders of those that went in

async function bundle(options) {
  const { outputFiles, metafile } = await esbuild.build({ ...common, ...options });
  for (const input of Object.keys(metafile.inputs)) {
    const inPackage = input.match(/^(.*node_modules\/(@[^/]+\/)?[^/]+)\//);
    if (inPackage) {
      packages.add(inPackage[1]);
    }
  }
  return outputFiles.map(({ path, contents }) => ({ name: basename(path), contents }));
}

// Whoever hands the program on hands these packages on, too.
function licenses() {
  const texts = [...packages].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json")));
    const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice|thirdpartynotices)/i.test(file));
    return [`${name} ${version}: ${license}`, ...files.sort().map((file) => readFileSync(join(folder, file), "utf8"))];
  });
  return { name: "licenses.txt", contents: Buffer.from(texts.flat().join("\n\n")) };
}

// The styles of chunks are in main.css already: the page loads no others.
function wanted({ name }) {
  return extname(name) !== ".css" || name === "main.css";
}

function asset({ name, contents }) {
  const plain = name === "index.html";
  const bytes = plain ? contents : gzipSync(contents, { level: 9 });
  const tag = createHash("sha256").update(contents).digest("hex").slice(0, 32);
  const line = [name, MEDIA_TYPES[extname(name)], plain ? "identity" : "gzip", tag, bytes.length].join(" ");
  return { line, bytes };
}

const out = resolve(process.argv[2]);
process.chdir(here);

const page = { name: "index.html", contents: readFileSync(new URL("index.html", import.meta.url)) };
const main = await bundle({
  entryPoints: ["main.js"],
  format: "esm",
  splitting: true,
  loader: { ".ttf": "file" },
});
const workers = await bundle({ entryPoints: WORKERS, format: "iife" });
const assets = [page, ...main.filter(wanted), ...workers, licenses()].map(asset);

mkdirSync(dirname(out), { recursive: true });
const head = assets.map(({ line }) => `${line}\n`).join("") + "\n";
writeFileSync(out, Buffer.concat([Buffer.from(head), ...assets.map(({ bytes }) => bytes)]));
console.log(`${out}: ${assets.length} assets`);
