import { build } from 'pino-pretty';

/** The log as a person at a terminal reads it. */
export function pinoPretty(): ReturnType<typeof build> {
  return build({ colorize: process.stdout.isTTY, translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname', singleLine: true, sync: true });
}
