# The server as an image: `docker build -t rolemint .`
# Nothing is written at run time but the data and keys folders, so it runs with a read-only root file system.

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json tsconfig.sdk.json ./
COPY migrations migrations
COPY src src
RUN npm run build

FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM node:24-slim
LABEL org.opencontainers.image.title="Rolemint" \
      org.opencontainers.image.description="OAuth 2 authorization server that mints role-scoped tokens from security profiles" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production \
    ROLEMINT_HOST=0.0.0.0 \
    ROLEMINT_DATA_DIR=/var/lib/rolemint/data \
    ROLEMINT_KEYS_DIR=/var/lib/rolemint/keys
# Owned by the user that runs the server and closed to all others; a new volume takes this over.
RUN install -d -o node -g node -m 0700 /var/lib/rolemint/data /var/lib/rolemint/keys
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY examples examples
COPY package.json LICENSE ./
RUN ln -s /app/dist/src/cli/main.js /usr/local/bin/rolemint && chmod 0755 /app/dist/src/cli/main.js
# The user `node` of the base image, by number, so that a cluster can see that it is not root.
USER 1000:1000
VOLUME ["/var/lib/rolemint/data", "/var/lib/rolemint/keys"]
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.ROLEMINT_PORT || 3000}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/src/cli/main.js"]
CMD ["serve"]
