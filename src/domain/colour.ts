/** @module Colours of a deployment, and whether people can read what is written in them (WCAG 2.2 §1.4.3). */

/** Red, green and blue, 0 to 255. */
export type Colour = readonly [number, number, number];

/** What small text needs, at least. */
export const READABLE = 4.5;

/** @param text `#rrggbb` */
export function parseColour(text: string): Colour | undefined {
  const [, red, green, blue] = /^#([\dA-Fa-f]{2})([\dA-Fa-f]{2})([\dA-Fa-f]{2})$/.exec(text) ?? [];
  return red === undefined ? undefined : [Number.parseInt(red, 16), Number.parseInt(green!, 16), Number.parseInt(blue!, 16)];
}

export const printColour = (colour: Colour): string => `#${colour.map((part) => part.toString(16).padStart(2, '0')).join('')}`;

/** Contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio"). */
export function contrast(a: Colour, b: Colour): number {
  const [lighter, darker] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

/** The colour, mixed with another in small steps until it can be read on a ground. */
export function readableOn(ground: Colour, colour: Colour, towards: Colour, least = READABLE): Colour {
  for (let share = 0; share < 1; share += 0.05) {
    const mixed = colour.map((part, index) => Math.round(part + (towards[index]! - part) * share)) as unknown as Colour;
    if (contrast(mixed, ground) >= least) return mixed;
  }
  return towards;
}

function luminance(colour: Colour): number {
  const [red, green, blue] = colour.map((part) => {
    const value = part / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
