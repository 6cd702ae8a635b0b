/** @module The paths of an explanation as a drawing. Everything in it stands below it in words, too. */
import type { Schemas } from '../../api/client.ts';
import { stateName, type AccessPath } from '../../parts/access-path.tsx';
import { t, tn } from '../../words/words.ts';

const BOX = { width: 190, height: 44 };
const COLUMN = 245;
const ROW = 64;
const LONGEST = 23;

interface Box {
  readonly x: number;
  readonly y: number;
  readonly title: string;
  readonly kind: string;
  readonly quiet?: boolean;
}

/** From the subject on the left, by party and profile, to the role on the right; one row a path. */
export function PathPicture({ explanation: { subject, role, paths } }: { explanation: Schemas['Explanation'] }) {
  const height = paths.length * ROW;
  const middle = (height - BOX.height) / 2;
  const from: Box = { x: 1, y: middle, title: subject.username ?? subject.id, kind: subject.kind === 'user' ? t('User') : t('Client') };
  const to: Box = { x: 3 * COLUMN + 1, y: middle, title: role, kind: t('Role') };
  const rows = paths.map((path, index) => {
    const y = index * ROW + (ROW - BOX.height) / 2;
    const quiet = path.state !== 'in_force';
    const party: Box = { x: COLUMN + 1, y, quiet, ...partyOf(path) };
    const profile: Box = {
      x: 2 * COLUMN + 1,
      y,
      quiet,
      title: path.security_profile.name,
      kind: quiet ? stateName(path.state) : t('Security profile'),
    };
    return { key: path.assignment, party, profile, quiet };
  });
  return (
    <div className="picture" role="region" aria-label={t('Picture of the paths')} tabIndex={0}>
      <svg
        width={3 * COLUMN + BOX.width + 2}
        height={height}
        role="img"
        aria-label={tn(
          paths.length,
          'One path leads from {from} to {to}; it stands below in words.',
          '{count} paths lead to the role; they stand below in words.',
        )
          .replace('{from}', from.title)
          .replace('{to}', role)}
      >
        {rows.map(({ key, party, profile, quiet }) => (
          <g key={key} className={quiet ? 'way quiet' : 'way'}>
            <Line from={from} to={party} />
            <Line from={party} to={profile} />
            <Line from={profile} to={to} />
            <Drawn box={party} />
            <Drawn box={profile} />
          </g>
        ))}
        <Drawn box={from} isEnd />
        <Drawn box={to} isEnd />
      </svg>
    </div>
  );
}

function partyOf({ party, organizations }: AccessPath): Pick<Box, 'title' | 'kind'> {
  const kinds = { user: t('directly'), client: t('directly'), user_group: t('User group'), organization: t('Organization') };
  const below = organizations.length > 1 ? ` › ${organizations.slice(1).join(' › ')}` : '';
  return { title: party.name + below, kind: kinds[party.kind] };
}

function Drawn({ box: { x, y, title, kind }, isEnd = false }: { box: Box; isEnd?: boolean }) {
  return (
    <g className={isEnd ? 'box end' : 'box'}>
      <rect x={x} y={y} width={BOX.width} height={BOX.height} rx={8} />
      <text x={x + 12} y={y + 17} className="kind">
        {kind}
      </text>
      <text x={x + 12} y={y + 34} className="title">
        {title.length > LONGEST ? `${title.slice(0, LONGEST - 1)}…` : title}
      </text>
    </g>
  );
}

function Line({ from, to }: { from: Box; to: Box }) {
  const start = { x: from.x + BOX.width, y: from.y + BOX.height / 2 };
  const end = { x: to.x, y: to.y + BOX.height / 2 };
  const bend = (end.x - start.x) / 2;
  return <path d={`M${start.x} ${start.y}C${start.x + bend} ${start.y} ${end.x - bend} ${end.y} ${end.x} ${end.y}`} />;
}
