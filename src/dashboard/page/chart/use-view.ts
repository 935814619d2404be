import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Span } from '../../../pure/span.js';
import { choose, route } from '../state/navigation.js';
import { viewIn, viewQuery } from '../state/route.js';
import type { ChartProps } from './chart.js';

/**
 * The stretch of x that all charts of a page show. Once chosen it is kept in the address, but not
 * while a chart is being dragged.
 */
export function useView(): Pick<ChartProps, 'view' | 'isMoving' | 'onZoom' | 'onMove'> {
  const chosen = viewIn(route.value.query);
  const view = useSignal<Span | null>(chosen);
  const isMoving = useSignal(false);
  useEffect(() => void (view.value = chosen), [chosen?.from, chosen?.to]);
  const zoom = (next: Span | null, how: 'push' | 'replace'): void => {
    view.value = next;
    choose(viewQuery(next), how);
  };
  return {
    ...{ view, isMoving },
    onZoom: (next) => zoom(next, 'push'),
    onMove: (next, isOver) => {
      [view.value, isMoving.value] = [next, !isOver];
      if (isOver) zoom(next, 'replace');
    },
  };
}
