package io.tailrace.client.consumer;

import io.tailrace.client.TailraceException;
import io.tailrace.client.metadata.ClusterAccess;
import io.tailrace.client.metadata.ClusterCalls.Call;
import io.tailrace.client.metadata.ClusterCalls.Target;
import io.tailrace.client.network.BrokerConnection;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.FindCoordinatorRequest;
import io.tailrace.protocol.message.FindCoordinatorResponse;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds the broker that coordinates a group, and finds it again when it turns out to be another.
 * Confined to the network's scheduler.
 */
public final class GroupCoordinator implements Target {
  private static final int UNKNOWN = -1;

  private final String group;
  private final ClusterAccess cluster;
  private int broker = UNKNOWN;
  private final List<Runnable> waiting = new ArrayList<>();
  private boolean looking;
  private TailraceException lookupError;

  /** Knows no broker yet. */
  public GroupCoordinator(String group, ClusterAccess cluster) {
    this.group = group;
    this.cluster = cluster;
  }

  /** The coordinator; null while it is being looked for. */
  @Override
  public BrokerConnection find() {
    if (broker == UNKNOWN) {
      look();
      return null;
    }
    BrokerConnection connection = cluster.connections().commands(broker);
    if (connection == null || !connection.usable()) {
      broker = UNKNOWN;
      look();
      return null;
    }
    return connection;
  }

  /** Runs an action when the look that is under way has ended, well or not. */
  void whenLooked(Runnable action) {
    if (looking) {
      waiting.add(action);
    } else {
      action.run();
    }
  }

  /** Whether the coordinator is known and can be reached, as far as is known. */
  boolean isReachable() {
    BrokerConnection connection = broker == UNKNOWN ? null : cluster.connections().commands(broker);
    return connection != null && connection.usable();
  }

  /** Why the last look failed; null when it did not. */
  TailraceException lookupError() {
    return lookupError;
  }

  private void look() {
    if (looking) {
      return;
    }
    looking = true;
    cluster
        .calls()
        .controller(
            new Call<>(
                ApiKey.FIND_COORDINATOR,
                FindCoordinatorRequest.newBuilder().setGroupId(group).build(),
                FindCoordinatorResponse.parser(),
                FindCoordinatorResponse::getErrorCode,
                FindCoordinatorResponse::getErrorMessage,
                true,
                "the coordinator of group '" + group + "'"))
        .whenComplete(
            (found, error) -> {
              looking = false;
              lookupError = error == null ? null : TailraceException.of(error);
              if (error == null) {
                broker = found.getBrokerId();
              }
              List<Runnable> actions = List.copyOf(waiting);
              waiting.clear();
              actions.forEach(Runnable::run);
            });
  }

  @Override
  public void onFailure(TailraceException error) {
    if (error.retriable() && error.code() != ErrorCode.COORDINATOR_LOADING) {
      broker = UNKNOWN;
    }
  }
}
