package io.tailrace.coordinator.cluster;

import io.tailrace.protocol.error.ErrorCode;
import java.util.List;

/**
 * What a caller wants the metadata to be, and the way there, one atomic write at a time. The next
 * step depends on what the metadata holds now, hardly ever on what was answered before: so a write
 * that lost a race, or whose answer was lost, needs no care of its own.
 *
 * <p>Confined to the thread of its {@link ClusterMember}.
 */
interface Goal<T> {

  /** What to do now. */
  sealed interface Step<T> {}

  /** The goal is reached. */
  record Done<T>(T result) implements Step<T> {}

  /** The goal cannot be reached. */
  record Refused<T>(ErrorCode code, String message) implements Step<T> {}

  /** The next atomic write. */
  record Write<T>(List<MetadataWrite> writes) implements Step<T> {}

  Step<T> next(ClusterState state);

  /** The last step's write happened, for certain. */
  default void onWritten() {}
}
