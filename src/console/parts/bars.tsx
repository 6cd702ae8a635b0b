/** A chart of horizontal bars. It is a table to those who do not see it, and plain SVG to those who do. */
import { Link } from 'react-aria-components';
import { LANGUAGE, t } from '../words/words.ts';

export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly about?: string | undefined;
  readonly href?: string | undefined;
}

export function Bars({ label, unit, bars }: { label: string; unit: string; bars: readonly Bar[] }) {
  const most = Math.max(1, ...bars.map(({ value }) => value));
  return (
    <table className="bars">
      <caption className="hidden">{label}</caption>
      <thead className="hidden">
        <tr>
          <th scope="col">{t('Name')}</th>
          <th scope="col">{unit}</th>
        </tr>
      </thead>
      <tbody>
        {bars.map(({ name, value, about, href }) => (
          <tr key={name}>
            <th scope="row">{href === undefined ? <code>{name}</code> : <Link href={href}>{name}</Link>}</th>
            <td>
              <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" focusable="false">
                <rect className="groove" width="100" height="10" rx="1" />
                <rect className="bar" width={(100 * value) / most} height="10" rx="1" />
              </svg>
              <span className="value">{value.toLocaleString(LANGUAGE)}</span>
              {about !== undefined && <span className="quiet">{about}</span>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
