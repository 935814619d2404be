import { computed, useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { Span } from '../../../pure/span.js';
import { choose, route } from '../state/navigation.js';
import { viewIn, viewQuery } from '../state/route.js';
import type { ChartProps } from './chart.js';

/** The parts of a chart that show and change the stretch of x. */
export type ChartMoves = Pick<ChartProps, 'view' | 'isMoving' | 'onZoom' | 'onMove'>;

/** A stretch of x, and the axis that it is of. */
interface AxisView {
  readonly axis: string;
  readonly span: Span | null;
}

/** The stretch of x that all charts of a page show, which have one axis. */
export const useView = (): ChartMoves => useViews([''], '')('');

/**
 * Returns the stretch of x for the charts of each axis. One axis of the page has a stretch: that
 * which was chosen last. It is kept in the address, but not while a chart is being dragged.
 *
 * @param usual - the axis that the address need not name
 */
export function useViews(axes: readonly string[], usual: string): (axis: string) => ChartMoves {
  const { query } = route.value;
  const chosen = viewIn(query);
  const axis = axisIn(query, usual);
  const view = useSignal<AxisView>({ axis, span: chosen });
  const isMoving = useSignal(false);
  useEffect(() => void (view.value = { axis, span: chosen }), [axis, chosen?.from, chosen?.to]);
  const moves = useMemo(() => {
    const zoom = (next: AxisView, how: 'push' | 'replace'): void => {
      // A chart that shows everything already does not change the others.
      if (next.span === null && view.peek().axis !== next.axis) return;
      view.value = next;
      const isUsual = next.span === null || next.axis === usual;
      choose({ ...viewQuery(next.span), of: isUsual ? null : next.axis }, how);
    };
    const movesOf = (own: string): ChartMoves => ({
      view: computed(() => (view.value.axis === own ? view.value.span : null)),
      isMoving,
      onZoom: (span) => zoom({ axis: own, span }, 'push'),
      onMove: (span, isOver) => {
        [view.value, isMoving.value] = [{ axis: own, span }, !isOver];
        if (isOver) zoom({ axis: own, span }, 'replace');
      },
    });
    return new Map(axes.map((each) => [each, movesOf(each)]));
  }, [JSON.stringify(axes), usual, view, isMoving]);
  return (each) => moves.get(each)!;
}

/** Returns the axis that the stretch in the address is of. */
export const axisIn = (query: URLSearchParams, usual: string): string => query.get('of') ?? usual;
