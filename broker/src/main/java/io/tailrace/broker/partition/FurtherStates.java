package io.tailrace.broker.partition;

import io.tailrace.broker.partition.derived.DerivedState;
import java.util.List;

/**
 * Makes the states that a partition's data log has besides those of every partition: what a broker
 * keeps in an internal topic. Called on any thread, once for each partition.
 */
@FunctionalInterface
public interface FurtherStates {
  /** No partition has any. */
  FurtherStates NONE = partition -> List.of();

  /**
   * The further states of a partition, each with a tag of its own from 16 on. The partition is not
   * complete yet: its name, id and scheduler may be asked for, everything else later.
   */
  List<DerivedState> of(Partition partition);
}
