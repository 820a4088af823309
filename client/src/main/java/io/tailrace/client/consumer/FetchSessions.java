package io.tailrace.client.consumer;

import io.tailrace.client.metadata.ClusterView;
import io.tailrace.client.metadata.PartitionView;
import io.tailrace.client.network.BrokerConnection;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The fetch sessions of one consumer, one with each leader. A connection carries one session: where
 * another consumer of the client has reserved it, this consumer names all partitions in each fetch.
 * Confined to the network's scheduler.
 */
final class FetchSessions {
  private final Fetcher fetcher;
  private final Map<Integer, FetchSession> byLeader = new HashMap<>();

  FetchSessions(Fetcher fetcher) {
    this.fetcher = fetcher;
  }

  /** The session with a leader, or null where fetches to it have to name all their partitions. */
  FetchSession find(int leader, BrokerConnection connection) {
    // A session is answered by any record, so it cannot wait for more bytes, nor answer at once.
    if (fetcher.config().fetchMinBytes() != 1 || !connection.reserveFetchSession(this)) {
      return null;
    }
    FetchSession session = byLeader.get(leader);
    if (session == null || session.connection() != connection) {
      if (session != null) {
        session.reset(); // the broker has moved to another address
      }
      session = new FetchSession(fetcher, leader, connection);
      byLeader.put(leader, session);
    }
    return session.isRefused() ? null : session;
  }

  /** Fetches again where partitions wait in a session and no fetch is under way. */
  void keepWaiting() {
    for (FetchSession session : List.copyOf(byLeader.values())) {
      session.fetch(List.of());
    }
  }

  /** Takes a partition out of its session, if it is in one: its results are dropped from now on. */
  void forget(FetchedPartition partition) {
    if (partition.session != null) {
      partition.session.forget(partition);
    }
  }

  /** Takes the partitions that another broker leads by now out of their sessions. */
  void onMetadata(ClusterView view, Collection<FetchedPartition> partitions) {
    for (FetchedPartition partition : partitions) {
      if (partition.session != null) {
        PartitionView now = view.partition(partition.name.topic(), partition.name.partition());
        if (now != null && now.hasLeader() && now.leader() != partition.session.leader()) {
          partition.session.forget(partition);
        }
      }
    }
  }

  /** The session that the connection carried is over, and the next one begins anew. */
  void onLost(BrokerConnection connection) {
    byLeader.values().stream()
        .filter(session -> session.connection() == connection)
        .forEach(FetchSession::onLost);
  }

  /** Ends all sessions, at the brokers too, and lets other consumers have the connections. */
  void close() {
    List<FetchSession> open = new ArrayList<>(byLeader.values());
    byLeader.clear();
    for (FetchSession session : open) {
      session.end();
      session.connection().releaseFetchSession(this);
    }
  }
}
