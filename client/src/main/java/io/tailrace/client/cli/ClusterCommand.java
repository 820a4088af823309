package io.tailrace.client.cli;

import io.tailrace.client.BrokerDescription;
import io.tailrace.client.ClusterDescription;
import io.tailrace.client.TailraceClient;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code tailrace cluster}: shows the brokers, and moves leaders. */
@Command(
    name = "cluster",
    description = "Shows the cluster, and moves leaders.",
    synopsisSubcommandLabel = "VERB",
    subcommands = {ClusterCommand.Describe.class, ElectLeaders.class})
final class ClusterCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a verb is missing");
  }

  @Command(
      name = "describe",
      description = "Shows the brokers that are alive, and which of them is the controller.",
      footer = {"", "Example:", "  tailrace cluster describe"})
  static final class Describe implements Runnable {
    private final Session session;

    Describe(Session session) {
      this.session = session;
    }

    @Override
    public void run() {
      try (TailraceClient client = session.connect()) {
        ClusterDescription cluster = Session.await(client.admin().describeCluster());
        session.print(JsonDocuments.cluster(cluster), () -> print(cluster));
      }
    }

    private void print(ClusterDescription cluster) {
      session.terminal().println("cluster " + cluster.clusterId());
      Table table = new Table("BROKER", "ADDRESS", "RACK", "ROLE");
      for (BrokerDescription broker : cluster.brokers()) {
        boolean controls = cluster.controller().orElse(-1) == broker.id();
        table.row(
            broker.id(),
            broker.address(),
            broker.rack().isEmpty() ? null : broker.rack(),
            controls ? "controller" : "");
      }
      table.print(session.terminal());
    }
  }
}
