import { LANGUAGE, t } from '../words/words.ts';

const exact = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: 'medium', timeStyle: 'short' });
const relative = new Intl.RelativeTimeFormat(LANGUAGE, { numeric: 'auto' });
const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** A time of day, with how far away it is. */
export function Time({ at, distance = false }: { at: string | null | undefined; distance?: boolean }) {
  if (at === null || at === undefined) return <span className="quiet">{t('never')}</span>;
  const date = new Date(at);
  return (
    <time dateTime={at} title={date.toISOString()}>
      {exact.format(date)}
      {distance && <span className="quiet"> · {distanceOf(date)}</span>}
    </time>
  );
}

function distanceOf(date: Date): string {
  const milliseconds = date.getTime() - Date.now();
  const [unit, size] = UNITS.find(([, length]) => Math.abs(milliseconds) >= length) ?? UNITS[2];
  return relative.format(Math.round(milliseconds / size), unit);
}

/** From an input of the browser, which is local time, to an instant of the API; empty: none. */
export const instantOf = (local: string): string | undefined => (local === '' ? undefined : new Date(local).toISOString());

/** The other way. */
export function localOf(instant: string | null | undefined): string {
  if (instant === null || instant === undefined) return '';
  const date = new Date(instant);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
