/** Drawings of 24 units, in the colour of the text. They say nothing that the words beside them do not. */
const PATHS = {
  add: 'M12 5v14M5 12h14',
  back: 'M15 6l-6 6 6 6',
  building: 'M4 21V5l8-2v18M12 9l8 2v10M2 21h20M8 8v.01M8 12v.01M8 16v.01M16 14v.01M16 17v.01',
  chart: 'M4 20V10M10 20V4M16 20v-7M22 20H2',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  chevron: 'M9 6l6 6-6 6',
  clock: 'M12 7v5l3 2M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0',
  close: 'M6 6l12 12M18 6L6 18',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  down: 'M6 9l6 6 6-6',
  group: 'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M2 20c0-3.5 3-6 7-6s7 2.5 7 6M16 4.5a3.5 3.5 0 0 1 0 6.5M18 14.5c2.5.8 4 2.9 4 5.5',
  home: 'M4 11l8-7 8 7v9h-5v-6H9v6H4z',
  key: 'M14 10a4.5 4.5 0 1 1-3.2-4.3A4.5 4.5 0 0 1 14 10zm-1 2l8 8m-3-3l2.5-2.5',
  link: 'M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7L12 7M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7L12 17',
  list: 'M8 6h13M8 12h13M8 18h13M3.5 6v.01M3.5 12v.01M3.5 18v.01',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  mail: 'M3 6h18v12H3zM3 7l9 6 9-6',
  mask: 'M4 6c5-1.5 11-1.5 16 0 0 7-3 12-8 13C7 18 4 13 4 6zM8.5 10.5v.01M15.5 10.5v.01M9 14.5c2 1 4 1 6 0',
  menu: 'M4 7h16M4 12h16M4 17h16',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8M4 21c0-4 3.5-7 8-7s8 3 8 7',
  program: 'M8 8l-4 4 4 4M16 8l4 4-4 4M13.5 5l-3 14',
  question: 'M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 17.5v.01M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0',
  search: 'M16 16l5 5M18 10.5a7.5 7.5 0 1 1-15 0 7.5 7.5 0 0 1 15 0',
  server: 'M4 4h16v7H4zM4 13h16v7H4zM7.5 7.5v.01M7.5 16.5v.01',
  shield: 'M12 3l8 3v6c0 4.5-3.2 7.7-8 9-4.800-1.3-8-4.5-8-9V6zM9 12l2.2 2.2L15.5 10',
  sign_out: 'M14 4h6v16h-6M10 8l-4 4 4 4M6 12h10',
  token: 'M4 7h16v10H4zM4 11h16M8 14.5h3',
  trash: 'M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5',
  warning: 'M12 4l9.5 16.5h-19zM12 10v5M12 17.5v.01',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
