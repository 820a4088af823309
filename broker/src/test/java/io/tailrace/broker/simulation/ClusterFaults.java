package io.tailrace.broker.simulation;

import io.tailrace.broker.simulation.SimulatedTime.SimulatedThread;
import java.util.List;
import java.util.random.RandomGenerator;

/** What happens to the brokers of a {@link SimulatedCluster}, until everything heals. */
final class ClusterFaults {
  private static final int CALM_DELAY_MS = 3;
  private static final int KINDS = 17;
  private static final int CHANGE_LEADERS = 15;

  private final SimulatedCluster cluster;
  private final SimulatedNetwork network;
  private final List<BrokerMachine> machines;
  private final RandomGenerator random;
  private final SimulatedThread thread;
  private final int everyMs;
  private final int[] weights = new int[KINDS];
  private int left;

  ClusterFaults(
      SimulatedCluster cluster,
      SimulatedNetwork network,
      List<BrokerMachine> machines,
      RandomGenerator random,
      SimulatedThread thread) {
    this.cluster = cluster;
    this.network = network;
    this.machines = machines;
    this.random = random;
    this.thread = thread;
    this.left = 4 + random.nextInt(16);
    this.everyMs = 50 + random.nextInt(1_500);
    for (int kind = 0; kind < KINDS; kind++) {
      weights[kind] = random.nextBoolean() ? 0 : 1 + random.nextInt(8);
    }
    weights[0]++;
    if (random.nextInt(4) == 0) {
      weights[CHANGE_LEADERS] += 30;
    }
    thread.schedule(this::next, random.nextInt(everyMs));
  }

  boolean areOver() {
    return left == 0;
  }

  private void next() {
    if (--left == 0) {
      network.setMaxDelay(CALM_DELAY_MS);
      network.unblock();
      cluster.heal();
      return;
    }
    BrokerMachine machine = machines.get(random.nextInt(machines.size()));
    if (machine.process() != null) {
      strike(machine, draw());
    }
    thread.schedule(this::next, random.nextInt(random.nextBoolean() ? 100 : everyMs));
  }

  private int draw() {
    int sum = 0;
    for (int weight : weights) {
      sum += weight;
    }
    int at = random.nextInt(sum);
    int kind = 0;
    while (at >= weights[kind]) {
      at -= weights[kind++];
    }
    return kind;
  }

  private void strike(BrokerMachine machine, int kind) {
    switch (kind) {
      case 0, 1 -> kill(machine);
      case 2, 3 -> losePower(machine);
      case 4 -> freeze(machine);
      case 5 -> machines.forEach(this::kill);
      case 6 -> expire(machine);
      case 7 -> {
        BrokerProcess process = machine.process();
        process.session().disconnect();
        later(process.session()::reconnect, 800);
      }
      case 8 -> machine.process().session().loseNextWrite(random.nextBoolean());
      case 9 -> network.drop(machine.port());
      case 10 -> {
        network.setMaxDelay(1 + random.nextInt(200));
        later(() -> network.setMaxDelay(CALM_DELAY_MS), 1_500);
      }
      case 11 -> isolate(machine, random.nextBoolean());
      case 12 -> {
        BrokerMachine other = machines.get(random.nextInt(machines.size()));
        network.block(machine.port(), other.port());
        later(network::unblock, 3_000);
      }
      case 13 -> losePowerAndKillAll(machine);
      case 14 -> {
        if (cluster.mayLosePower(machine)) {
          cluster.loseDisk(machine);
          startLater(machine);
        }
      }
      case CHANGE_LEADERS -> changeLeadersThatNobodyFollows();
      default -> {
        machine.disk().holdSyncs();
        later(machine.disk()::releaseSyncs, 1_000);
      }
    }
  }

  private void isolate(BrokerMachine machine, boolean oneWay) {
    for (BrokerMachine other : machines) {
      if (other != machine) {
        network.block(machine.port(), other.port());
        if (!oneWay) {
          network.block(other.port(), machine.port());
        }
      }
    }
    later(network::unblock, 4_000);
  }

  /** Ends one session, or all of them, as after the metadata store was away for long. */
  private void expire(BrokerMachine machine) {
    if (!cluster.brokersPing() || random.nextBoolean()) {
      machine.process().session().expire();
      return;
    }
    expireAll();
  }

  private void expireAll() {
    for (BrokerMachine machine : machines) {
      if (machine.process() != null) {
        machine.process().session().expire();
      }
    }
  }

  /**
   * A leader loses one follower, then brokers may not reach each other at all, and one after the
   * other leads: each appends what only it has, or what it has from one leader before, or comes
   * back as the leader after it has truncated.
   */
  private void changeLeadersThatNobodyFollows() {
    int number = random.nextInt(cluster.partitions());
    BrokerMachine first = cluster.leader(number);
    if (first == null) {
      return;
    }
    blockBetween(first, machines.get(random.nextInt(machines.size())));
    int atMs = 20 + random.nextInt(100);
    if (random.nextBoolean()) {
      thread.schedule(
          () -> machines.forEach(one -> machines.forEach(other -> blockBetween(one, other))), atMs);
    }
    for (int i = 2 + random.nextInt(4); i > 0; i--) {
      thread.schedule(() -> changeLeader(number), atMs);
      atMs += 30 + random.nextInt(200);
    }
    thread.schedule(network::unblock, atMs + random.nextInt(100));
  }

  private void blockBetween(BrokerMachine one, BrokerMachine other) {
    if (one != other) {
      network.block(one.port(), other.port());
      network.block(other.port(), one.port());
    }
  }

  private void changeLeader(int number) {
    if (random.nextInt(3) > 0) {
      cluster.operator().moveLeader(number);
      return;
    }
    BrokerMachine leader = cluster.leader(number);
    if (leader != null && leader.process() != null) {
      leader.process().session().expire();
    }
  }

  private void freeze(BrokerMachine machine) {
    BrokerProcess process = machine.process();
    process.freeze();
    int forMs = 1 + random.nextInt(3_000);
    if (forMs > SimulatedCluster.SESSION_TIMEOUT_MS) {
      thread.schedule(
          () -> {
            if (machine.process() == process) {
              process.session().expire();
            }
          },
          SimulatedCluster.SESSION_TIMEOUT_MS);
    }
    thread.schedule(process::thaw, forMs);
  }

  private void kill(BrokerMachine machine) {
    if (machine.process() != null) {
      cluster.kill(machine);
      startLater(machine);
    }
  }

  private void losePower(BrokerMachine machine) {
    if (cluster.mayLosePower(machine)) {
      cluster.losePower(machine);
      startLater(machine);
    }
  }

  /** The machine is back at once, and the others before their sessions expire. */
  private void losePowerAndKillAll(BrokerMachine machine) {
    if (!cluster.mayLosePower(machine)) {
      return;
    }
    cluster.losePower(machine);
    cluster.start(machine);
    later(
        () -> {
          for (BrokerMachine other : machines) {
            if (other != machine) {
              kill(other);
            }
          }
        },
        200);
  }

  private void startLater(BrokerMachine machine) {
    thread.schedule(
        () -> {
          if (machine.process() == null) {
            cluster.start(machine);
          }
        },
        1 + random.nextInt(random.nextBoolean() ? 100 : 3_000));
  }

  private void later(Runnable event, int withinMs) {
    thread.schedule(event, 1 + random.nextInt(withinMs));
  }
}
