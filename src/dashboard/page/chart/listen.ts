/** Listens to events of an element; the function it returns stops that. */
export function listen<K extends keyof HTMLElementEventMap>(
  element: HTMLElement,
  heard: readonly (readonly [name: K, listener: (event: HTMLElementEventMap[K]) => void])[],
): () => void {
  for (const [name, listener] of heard) element.addEventListener(name, listener);
  return () => {
    for (const [name, listener] of heard) element.removeEventListener(name, listener);
  };
}
