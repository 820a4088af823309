package io.tailrace.broker.simulation;

import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.LogStore;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.broker.testkit.ForwardingLogStore;
import io.tailrace.protocol.port.Scheduler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.CompletionStage;

/** A store whose logs make one of the mistakes that a log can make. */
final class MistakenLogStore extends ForwardingLogStore {
  private final ClusterBug bug;

  MistakenLogStore(LogStore store, ClusterBug bug) {
    super(store);
    this.bug = bug;
  }

  @Override
  public CompletionStage<PartitionLog> open(
      LogId id, LogConfig config, Scheduler owner, PartitionLog.Listener listener) {
    return super.open(id, config, owner, listener).thenApply(this::mistaken);
  }

  private PartitionLog mistaken(PartitionLog log) {
    return (PartitionLog)
        Proxy.newProxyInstance(
            PartitionLog.class.getClassLoader(),
            new Class<?>[] {PartitionLog.class},
            (proxy, method, arguments) -> {
              if (bug == ClusterBug.HIGH_WATERMARK_AT_LOG_END
                  && method.getName().equals("checkpointedHighWatermark")) {
                return log.logEndOffset();
              }
              long endBefore = log.logEndOffset();
              try {
                Object result = method.invoke(log, arguments);
                // The states of the log are cut to what this returns.
                return bug == ClusterBug.PRODUCER_STATE_NOT_CUT
                        && method.getName().equals("truncateTo")
                    ? endBefore
                    : result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}
