package io.tailrace.broker.partition;

import io.tailrace.coordinator.cluster.ClusterStore;
import io.tailrace.coordinator.cluster.InSyncChange;
import java.util.concurrent.CompletionStage;

/** Takes proposed in-sync sets; see {@link ClusterStore#proposeInSync}. Thread-safe. */
@FunctionalInterface
public interface InSyncStore {
  CompletionStage<Boolean> propose(InSyncChange change);
}
