package io.tailrace.broker.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.log.InMemoryDisk;
import io.tailrace.broker.log.InMemoryLogStore;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.LogStore;
import io.tailrace.broker.log.ManualClock;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionServices;
import io.tailrace.broker.partition.Upkeep;
import io.tailrace.broker.testkit.ForwardingLogStore;
import io.tailrace.broker.testkit.ManualScheduler;
import io.tailrace.broker.testkit.SingleBroker;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.group.GroupCoordinator.Assignment;
import io.tailrace.coordinator.group.GroupState;
import io.tailrace.coordinator.group.HeartbeatQuery;
import io.tailrace.coordinator.group.MemberInfo;
import io.tailrace.coordinator.replica.PartitionMetadata;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Scheduler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class GroupShardTest {
  private static final int ME = 1;
  private static final int OTHER = 2;
  private static final LogId ID = new LogId(new UUID(1, 2), 0);
  private static final int SESSION_MS = 3_000;

  private final ManualScheduler scheduler = new ManualScheduler();
  private final ManualClock clock = new ManualClock(1_000_000);
  private final InMemoryDisk disk = new InMemoryDisk(clock);
  private final List<Answer<Assignment>> heartbeats = new ArrayList<>();
  private boolean loadsDamaged;
  private long sequence;
  private GroupShards shards;
  private Partition partition;
  private GroupShard shard;

  @BeforeEach
  void lead() {
    start(new InMemoryLogStore(disk), metadata(1, ME));
  }

  private void start(LogStore store, PartitionMetadata metadata) {
    shards = new GroupShards(clock, () -> 60_000, () -> loadsDamaged);
    PartitionServices alone =
        SingleBroker.services(ME, store, clock, new Upkeep(3_600_000, 3_600_000));
    partition =
        new Partition(
            OffsetsTopic.NAME,
            ID,
            LogConfig.defaults(),
            scheduler,
            new PartitionServices(
                ME, store, clock, alone.upkeep(), SingleBroker.REPLICATION, shards));
    partition.onMetadata(metadata);
    shards.onImage(ClusterImage.EMPTY);
    partition.whenReady(() -> {});
    scheduler.run();
    shard = shards.shard(partition);
  }

  /** In a new process, which does not know what the follower has. */
  private void restart(PartitionMetadata metadata) {
    disk.killProcess();
    start(new InMemoryLogStore(disk), metadata);
  }

  private static PartitionMetadata metadata(int epoch, Integer... inSync) {
    return new PartitionMetadata(
        ME,
        epoch,
        epoch * 10 + 2 - inSync.length,
        List.of(ME, OTHER),
        Arrays.stream(inSync).map(id -> new InSyncReplica(id, 1, new UUID(0, id))).toList(),
        1);
  }

  private void pass(long ms, long stepMs) {
    for (long passed = 0; passed < ms; passed += stepMs) {
      clock.setMs(clock.wallMs() + stepMs);
      scheduler.advance(stepMs);
    }
  }

  private Answer<Assignment> heartbeat(int memberEpoch) {
    heartbeats.clear();
    MemberInfo info = new MemberInfo(Set.of("t"), "", "", "", "c", SESSION_MS, 60_000);
    shard.heartbeat(
        new HeartbeatQuery("g", "m", ++sequence, memberEpoch, false, info, Set.of()),
        0,
        "connection",
        heartbeats::add);
    scheduler.run();
    return heartbeats.isEmpty() ? null : heartbeats.get(0);
  }

  private Answer<Set<String>> groups() {
    List<Answer<Set<String>>> answers = new ArrayList<>();
    shard.read(
        state -> state.groups().stream().map(GroupState::id).collect(Collectors.toSet()),
        answers::add);
    scheduler.run();
    return answers.isEmpty() ? null : answers.get(0);
  }

  private int members() {
    List<Answer<Integer>> answers = new ArrayList<>();
    shard.read(state -> state.group("g").members().size(), answers::add);
    return answers.get(0).value();
  }

  private static ErrorCode code(Answer<?> answer) {
    return answer.error() == null ? ErrorCode.NONE : answer.error().code();
  }

  @Test
  void answersThatItIsLoadingUntilAllIsCommittedAndNeverThatThereIsNothing() {
    heartbeat(0);
    restart(metadata(2, ME, OTHER));

    assertEquals(ErrorCode.COORDINATOR_LOADING, code(groups()));
    assertEquals(ErrorCode.COORDINATOR_LOADING, code(heartbeat(1)));
    partition.onMetadata(metadata(2, ME));
    scheduler.run();
    assertEquals(Set.of("g"), groups().value());
  }

  @Test
  void membersGetAWholeSessionFromWhenTheirHeartbeatsCanBeHeard() {
    int epoch = heartbeat(0).value().memberEpoch();
    restart(metadata(2, ME, OTHER));
    pass(2 * SESSION_MS, 100);
    assertEquals(ErrorCode.COORDINATOR_LOADING, code(heartbeat(epoch)));
    partition.onMetadata(metadata(2, ME));

    pass(SESSION_MS - 500, 100);
    assertEquals(1, members());
    assertEquals(ErrorCode.NONE, code(heartbeat(epoch)));
    pass(SESSION_MS + 500, 100);
    assertEquals(0, members());
  }

  @Test
  void membersGetTheTimeInWhichThisProcessStoodStill() {
    heartbeat(0);
    pass(2 * SESSION_MS, 2 * SESSION_MS); // one late tick, before the heartbeats that wait
    assertEquals(1, members());
  }

  @Test
  void nothingIsToldBeforeItIsCommitted() {
    partition.onMetadata(metadata(2, ME, OTHER));
    scheduler.run();
    assertNull(heartbeat(0), "the other replica does not have it");
    assertNull(groups());

    partition.onMetadata(metadata(2, ME));
    scheduler.run();
    assertEquals(ErrorCode.NONE, code(heartbeats.get(0)));
    assertEquals(Set.of("g"), groups().value());
  }

  @Test
  void groupsAreNotLoadedFromADamagedLogUnlessThatIsAskedFor() {
    heartbeat(0);
    disk.killProcess();
    start(new DamagedStore(disk), metadata(2, ME));
    Answer<Set<String>> refused = groups();
    assertEquals(ErrorCode.COORDINATOR_NOT_AVAILABLE, code(refused));
    assertTrue(refused.error().message().contains("offsets.load.damaged"), refused.toString());

    loadsDamaged = true;
    pass(2_000, 500);
    assertNull(groups().value(), "opening it again begins with the next request");
    assertEquals(Set.of(), groups().value());
  }

  /** Its first batch, of two records, cannot be read. */
  private static final class DamagedStore extends ForwardingLogStore {
    DamagedStore(InMemoryDisk disk) {
      super(new InMemoryLogStore(disk));
    }

    @Override
    public CompletionStage<PartitionLog> open(
        LogId id, LogConfig config, Scheduler owner, PartitionLog.Listener listener) {
      return super.open(id, config, owner, listener).thenApply(DamagedStore::damaged);
    }

    private static PartitionLog damaged(PartitionLog log) {
      return (PartitionLog)
          Proxy.newProxyInstance(
              PartitionLog.class.getClassLoader(),
              new Class<?>[] {PartitionLog.class},
              (proxy, method, args) -> {
                if (method.getName().equals("read") && (long) args[0] < 2) {
                  throw new LogException(ErrorCode.CORRUPT_LOG, "the batch at offset 0 is damaged");
                }
                try {
                  return method.invoke(log, args);
                } catch (InvocationTargetException e) {
                  throw e.getCause();
                }
              });
    }
  }
}
