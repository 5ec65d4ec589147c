import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

// GraphiQL's stylesheet carries its fonts as base64, four fifths of its size. The
// pages use the system's fonts, and the icons' font comes with Monaco's own style.
function withoutWebFonts(): Plugin {
  return {
    name: "without-web-fonts",
    enforce: "pre",
    transform(code, id) {
      if (!/\/graphiql\/.*\.css$/.test(id)) return;
      return code.replace(/@font-face\s*\{[^}]*\}/g, "");
    },
  };
}

// A compressed copy beside each file that is longer than a packet and gets shorter.
function compressed(): Plugin {
  return {
    name: "compressed",
    writeBundle({ dir }, bundle) {
      for (const name of Object.keys(bundle)) {
        const file = join(dir!, name);
        const content = readFileSync(file);
        const shorter = gzipSync(content, { level: 9 });
        if (content.length > 1400 && shorter.length < 0.9 * content.length) writeFileSync(`${file}.gz`, shorter);
      }
    },
  };
}

export default defineConfig({
  // Relative addresses: the same files work at a domain's root and below an
  // API Gateway stage.
  base: "./",
  // The module's source, which is built with the pages.
  resolve: { alias: { "@fanql/resume": resolve(import.meta.dirname, "../../../clients/src/resume.ts") } },
  // Two pages, not one application: an unknown path is a 404.
  appType: "mpa",
  plugins: [withoutWebFonts(), compressed()],
  build: {
    target: "es2022",
    // Files, never data URIs, so that a strict content policy can be set.
    assetsInlineLimit: 0,
    // Monaco is one large chunk by nature; only the explorer loads it.
    chunkSizeWarningLimit: 4000,
    rolldownOptions: {
      input: ["index.html", "explorer.html"],
      onwarn(warning, warn) {
        // "use client" matters to servers that render React; here is none.
        if (warning.code !== "MODULE_LEVEL_DIRECTIVE") warn(warning);
      },
    },
  },
  worker: { format: "es" },
  server: {
    proxy: { "/graphql": { target: "http://localhost:8080", ws: true } },
  },
});
