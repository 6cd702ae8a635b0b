import { contrast, parseColour, printColour, readableOn, type Colour } from '../../domain/colour.ts';

const WHITE: Colour = [255, 255, 255];
const BLACK: Colour = [0, 0, 0];
const DARK_CARD: Colour = [27, 31, 29];
/** Light on dark looks thinner than it is. */
const COMFORTABLE = 6.5;

const on = (ground: Colour): string => printColour(contrast(WHITE, ground) >= contrast(BLACK, ground) ? WHITE : BLACK);

/**
 * The one style sheet of all pages for people. A colour that can be read on white is the accent; in the dark it is made
 * lighter until it can be read there.
 * @param colour `#rrggbb`
 */
export function styleSheet(colour: string): string {
  const light = parseColour(colour)!;
  const dark = readableOn(DARK_CARD, light, WHITE, COMFORTABLE);
  return `:root{color-scheme:light dark;--accent:${printColour(light)};--on-accent:${on(light)};--ground:#f3f5f3;--card:#fff;--text:#1a1f1c;--muted:#555f59;--line:#7c867f;--hair:#dde2de;--alert:#9b1c1c;--alert-ground:#fdf1f0;--good:#14532d;--good-ground:#eef7f0}
@media (prefers-color-scheme:dark){:root{--accent:${printColour(dark)};--on-accent:${on(dark)};--ground:#111412;--card:${printColour(DARK_CARD)};--text:#eef1ef;--muted:#abb5af;--line:#7f8a84;--hair:#353c38;--alert:#ffb4ab;--alert-ground:#3a1715;--good:#a6e3b8;--good-ground:#16301f}}
*,*::before,*::after{box-sizing:border-box}
[hidden]{display:none!important}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;min-height:100vh;min-height:100dvh;display:flex;flex-direction:column;font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;color:var(--text);background:var(--ground);overflow-wrap:anywhere}
a{color:var(--accent);text-underline-offset:.15em}
:focus-visible{outline:.1875rem solid var(--accent);outline-offset:.125rem;border-radius:.25rem}
header{padding:2rem 1.25rem 0;text-align:center;font-size:1.125rem;font-weight:650;letter-spacing:-.005em}
header img{display:block;margin:0 auto;max-width:14rem;height:3rem;object-fit:contain}
main{width:100%;max-width:27rem;margin:1.5rem auto;padding:0 1rem;flex:1}
main.wide{max-width:42rem}
.card{padding:2rem;background:var(--card);border:1px solid var(--hair);border-radius:.875rem;box-shadow:0 1px 2px rgb(0 0 0/.04),0 8px 24px rgb(0 0 0/.06)}
h1{margin:0 0 .5rem;font-size:1.5rem;line-height:1.25;font-weight:680;letter-spacing:-.015em}
h2{margin:1.75rem 0 .5rem;font-size:1.0625rem;line-height:1.3}
p{margin:.5rem 0 0}
.lead,.hint,small{color:var(--muted)}
.hint{margin:.125rem 0 0;font-size:.875rem}
form{margin:1.25rem 0 0}
form.inline{margin:0}
.field{margin-top:1.125rem}
label{display:block;font-weight:600}
input[type=text],input[type=password],input[type=email]{display:block;width:100%;margin-top:.375rem;padding:.625rem .75rem;font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:.5rem}
input[readonly]{color:var(--muted);background:var(--ground)}
input[aria-invalid=true]{border-color:var(--alert);border-width:2px}
input.code{font:600 1.375rem/1.4 ui-monospace,"SFMono-Regular",Menlo,Consolas,monospace;letter-spacing:.12em;text-align:center;text-transform:uppercase}
.error{margin:.25rem 0 0;color:var(--alert);font-weight:600;font-size:.9375rem}
button,.button{display:inline-block;font:inherit;font-weight:650;padding:.625rem 1.25rem;border:1px solid var(--accent);border-radius:.5rem;color:var(--on-accent);background:var(--accent);text-decoration:none;cursor:pointer}
button:hover,.button:hover{filter:brightness(1.08)}
button.plain,.button.plain{color:var(--accent);background:transparent;border-color:var(--line)}
button.small,.button.small{padding:.3125rem .75rem;font-size:.9375rem}
button.link{padding:0;border:0;color:var(--accent);background:none;font-weight:400;text-decoration:underline;text-underline-offset:.15em}
.actions{display:flex;flex-wrap:wrap;gap:.75rem;margin-top:1.5rem}
.actions.full button{flex:1 1 8rem}
.notice{margin:1rem 0 0;padding:.75rem 1rem;border-radius:.5rem;border-left:.25rem solid var(--alert);background:var(--alert-ground)}
.notice+.lead{margin-top:1rem}
.notice h2{margin:0 0 .25rem;font-size:1rem}
.notice ul{margin:0;padding-left:1.125rem}
.notice a{color:var(--alert)}
.notice.good{border-color:var(--good);background:var(--good-ground)}
.aside{margin-top:1.25rem;padding-top:1.25rem;border-top:1px solid var(--hair)}
ul.plain{margin:.5rem 0 0;padding:0;list-style:none}
ul.names{display:flex;flex-wrap:wrap;gap:.375rem;margin:.625rem 0 0;padding:0;list-style:none}
ul.names li{padding:.125rem .625rem;border:1px solid var(--hair);border-radius:1rem;background:var(--ground);font-size:.9375rem}
ul.names li.not{color:var(--muted);border-style:dashed;background:transparent}
li.session{display:flex;flex-wrap:wrap;gap:.75rem;align-items:center;justify-content:space-between;padding:.875rem 0;border-top:1px solid var(--hair)}
li.session:first-child{border-top:0}
li.session p{margin:0}
fieldset{margin:1.75rem 0 0;padding:0;border:0}
legend{padding:0;font-size:1.0625rem;font-weight:680}
ul.choices{margin-top:.375rem}
ul.choices label{display:flex;gap:.625rem;align-items:baseline;padding:.25rem 0;font-weight:400;cursor:pointer}
input[type=checkbox]{width:1.125rem;height:1.125rem;margin:0;flex:none;align-self:center;accent-color:var(--accent)}
.shown-code{margin:.25rem 0 0;font:700 1.75rem/1.4 ui-monospace,"SFMono-Regular",Menlo,Consolas,monospace;letter-spacing:.12em}
details{margin-top:.75rem}
summary{cursor:pointer;color:var(--accent);font-weight:600}
dl{margin:1rem 0 0;display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem}
dt{color:var(--muted)}
dd{margin:0}
code{font:.9375em ui-monospace,"SFMono-Regular",Menlo,Consolas,monospace}
footer{padding:0 1rem 2rem;text-align:center;font-size:.875rem;color:var(--muted)}
footer ul{display:inline-flex;gap:1rem;margin:0;padding:0;list-style:none}
@media (max-width:30rem){header{padding-top:1.25rem}.card{padding:1.5rem 1.25rem}main{margin:1rem auto}}
@media (prefers-reduced-motion:no-preference){button,.button{transition:filter .12s}}
@media (forced-colors:active){.card,.notice{border:1px solid}}
`;
}
