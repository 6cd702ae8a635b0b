/** @module Somebody who has no mouse, and looks after each key where the focus is: it is somewhere, in sight, and marked. */
import type { Locator, Page } from 'playwright-core';
import { until } from './until.ts';

/** More steps than any page has. */
const MOST_STEPS = 250;

/**
 * What is wrong with where the focus is; empty: nothing. Programs set it to the beginning of what they show, which takes
 * no mark; everything else is outlined, itself or the box that stands for it, and not covered by anything.
 */
const FAULT = `(() => {
  const active = document.activeElement;
  if (active === null || active === document.body) return 'nothing has the focus';
  if (active.getAttribute('tabindex') === '-1' && active.matches('main, h1, [role=alert], [role=dialog], [role=status]')) return '';
  const name = active.outerHTML.slice(0, 200);
  const shown = active.closest('label') ?? active;
  const { top, bottom, left, right, width, height } = shown.getBoundingClientRect();
  if (width === 0 || bottom <= 0 || right <= 0 || top >= innerHeight || left >= innerWidth) return 'the focus is out of sight: ' + name;
  const at = [(Math.max(left, 0) + Math.min(right, innerWidth)) / 2, (Math.max(top, 0) + Math.min(bottom, innerHeight)) / 2];
  const hit = document.elementFromPoint(...at);
  if (hit === null || !(shown.contains(hit) || hit.contains(shown))) return 'the focus is covered: ' + name;
  const marked = (element) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1;
  };
  return [shown, ...shown.querySelectorAll('*')].some(marked) ? '' : 'the focus is not marked: ' + name;
})()`;

export class Keyboard {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Presses a key, and sees where the focus is then. */
  async press(key: string): Promise<void> {
    await this.#page.keyboard.press(key);
    await this.look();
  }

  /** Presses a key that leads to another page: there the focus is wherever the page puts it. */
  async leave(key: string): Promise<void> {
    await this.#page.keyboard.press(key);
  }

  async type(text: string): Promise<void> {
    await this.#page.keyboard.type(text);
    await this.look();
  }

  /** Goes from one to the next until the focus is where it is wanted. */
  async tabTo(target: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
    for (let step = 0; step < MOST_STEPS; step += 1) {
      await this.press(key);
      if (await this.isAt(target)) return;
    }
    throw new Error(`The focus never comes to ${String(target)}.`);
  }

  /** Waits until the focus is there: where it was left is where it comes back to. */
  async arrives(target: Locator): Promise<void> {
    await until(() => this.isAt(target), `the focus at ${String(target)}`);
    await this.look();
  }

  async isAt(target: Locator): Promise<boolean> {
    return (await this.#page.locator(':focus').and(target).count()) > 0;
  }

  /** @throws when the focus is lost, out of sight, covered or not to be seen, and stays so */
  async look(): Promise<void> {
    let fault = '';
    const good = async () => {
      fault = await this.#page.evaluate<string>(FAULT).catch((error: unknown) => String(error));
      return fault === '';
    };
    await until(good, 'a focus that can be seen', 10_000).catch(() => {
      throw new Error(fault);
    });
  }
}
