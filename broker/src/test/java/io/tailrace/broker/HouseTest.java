package io.tailrace.broker;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.stream.Stream;

/** Holds the import directions that ARCHITECTURE.md draws. */
@AnalyzeClasses(packages = "io.tailrace", importOptions = ImportOption.DoNotIncludeTests.class)
class HouseTest {

  @ArchTest
  static final ArchRule protocolKnowsNobody =
      noClasses()
          .that()
          .resideInAPackage("io.tailrace.protocol..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.tailrace.client..", "io.tailrace.coordinator..", "io.tailrace.broker..");

  @ArchTest
  static final ArchRule clientKnowsOnlyProtocol =
      noClasses()
          .that()
          .resideInAPackage("io.tailrace.client..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.tailrace.coordinator..", "io.tailrace.broker..");

  @ArchTest
  static final ArchRule coordinatorKnowsOnlyProtocol =
      noClasses()
          .that()
          .resideInAPackage("io.tailrace.coordinator..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.tailrace.client..", "io.tailrace.broker..");

  @ArchTest
  static final ArchRule logKnowsNeitherPartitionsNorNetwork =
      noClasses()
          .that()
          .resideInAPackage("io.tailrace.broker.log..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.tailrace.broker.partition..",
              "io.tailrace.broker.service..",
              "io.tailrace.broker.network..",
              "io.tailrace.coordinator..");

  @ArchTest
  static final ArchRule partitionsDoNotKnowTheNetwork =
      noClasses()
          .that()
          .resideInAPackage("io.tailrace.broker.partition..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.tailrace.broker.service..",
              "io.tailrace.broker.network..",
              "io.netty.channel.socket..");

  @ArchTest
  static final ArchRule servicesKnowNoEncodingAndNoConnections =
      noClasses()
          .that()
          .resideInAPackage("io.tailrace.broker.service..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.tailrace.broker.network..",
              "io.tailrace.protocol.message..",
              "io.tailrace.protocol.frame..",
              "io.netty.channel..");

  @ArchTest
  static final ArchRule groupsKnowNoEncodingAndNoConnections =
      noClasses()
          .that()
          .resideInAPackage("io.tailrace.broker.group..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.tailrace.broker.network..",
              "io.tailrace.protocol.message..",
              "io.tailrace.protocol.frame..",
              "io.netty.channel..");

  @ArchTest
  static final ArchRule onlyOnePackageKnowsChronicle =
      noClasses()
          .that()
          .resideOutsideOfPackage("io.tailrace.broker.log.chronicle..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("net.openhft..");

  @ArchTest
  static final ArchRule onlyOnePackageKnowsZooKeeper =
      noClasses()
          .that()
          .resideOutsideOfPackage("io.tailrace.coordinator.zookeeper..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.apache.zookeeper..", "org.apache.curator..");

  @ArchTest
  static final ArchRule onlyOneClassOfTheClientKnowsMicrometer =
      noClasses()
          .that()
          .resideInAPackage("io.tailrace.client..")
          .and()
          .doNotHaveSimpleName("ClientMetrics")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.micrometer..");

  @ArchTest
  static final ArchRule protocolDoesNoIo =
      noClasses()
          .that()
          .resideInAPackage("io.tailrace.protocol..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "java.net..", "java.nio.channels..", "java.nio.file..", "io.netty.bootstrap..");

  @ArchTest
  static final ArchRule pureStateHasNoClockThreadsOrChance =
      classes()
          .that()
          .resideInAnyPackage(
              "io.tailrace.coordinator.cluster..",
              "io.tailrace.coordinator.replica..",
              "io.tailrace.coordinator.queue..",
              "io.tailrace.coordinator.routing..",
              "io.tailrace.coordinator.group..",
              "io.tailrace.broker.partition.derived",
              "io.tailrace.protocol.record..")
          .should(new OnlyPureCalls());

  @ArchTest
  static final ArchRule replicaStateKnowsNoLibrary =
      classes()
          .that()
          .resideInAPackage("io.tailrace.coordinator.replica..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "java.lang..",
              "java.util..",
              "io.tailrace.coordinator.replica..",
              "io.tailrace.coordinator.cluster..",
              "io.tailrace.protocol..");

  @ArchTest
  static final ArchRule nothingDependsOnTheDefaultLocale =
      classes().should(new OnlyCallsWithALocale());

  /** Names of files, the wire and what is parsed are the same in every locale. */
  private static final class OnlyCallsWithALocale extends ArchCondition<JavaClass> {
    OnlyCallsWithALocale() {
      super("name the locale wherever Java would take the default one");
    }

    @Override
    public void check(JavaClass item, ConditionEvents events) {
      item.getMethodCallsFromSelf().stream()
          .filter(
              call -> {
                boolean named =
                    call.getTarget().getRawParameterTypes().stream()
                        .anyMatch(type -> type.isEquivalentTo(Locale.class));
                String target = call.getTargetOwner().getName() + "." + call.getName();
                return !named
                    && (target.equals("java.lang.String.format")
                        || target.equals("java.lang.String.formatted")
                        || target.equals("java.lang.String.toLowerCase")
                        || target.equals("java.lang.String.toUpperCase")
                        || target.matches("java\\.io\\.Print(Stream|Writer)\\.(format|printf)")
                        || target.equals("java.util.Formatter.<init>")
                        || target.matches("java\\.text\\.\\w*Format\\.get\\w*Instance"));
              })
          .forEach(call -> events.add(SimpleConditionEvent.violated(item, call.getDescription())));
    }
  }

  /** Nothing that a simulator could not repeat from a seed. */
  private static final class OnlyPureCalls extends ArchCondition<JavaClass> {
    private static final Set<String> IMPURE =
        Set.of(
            "java.lang.System.currentTimeMillis",
            "java.lang.System.nanoTime",
            "java.lang.System.identityHashCode",
            "java.lang.Object.hashCode",
            "java.lang.Math.random",
            "java.util.IdentityHashMap.<init>",
            "java.util.UUID.randomUUID",
            "java.util.Random.<init>",
            "java.util.SplittableRandom.<init>",
            "java.util.Collection.parallelStream");

    OnlyPureCalls() {
      super("use no system clock, threads, default pools, chance of their own or identity hashes");
    }

    @Override
    public void check(JavaClass item, ConditionEvents events) {
      Stream.concat(
              item.getMethodCallsFromSelf().stream(), item.getConstructorCallsFromSelf().stream())
          .filter(OnlyPureCalls::isImpure)
          .forEach(call -> events.add(SimpleConditionEvent.violated(item, call.getDescription())));
      item.getFieldAccessesFromSelf().stream()
          .filter(access -> access.getTarget().getFullName().endsWith(".port.Clock.SYSTEM"))
          .forEach(use -> events.add(SimpleConditionEvent.violated(item, use.getDescription())));
    }

    private static boolean isImpure(JavaCall<?> call) {
      String target = call.getTargetOwner().getName() + "." + call.getName();
      boolean runsOnTheDefaultPool =
          target.startsWith("java.util.concurrent.Completa")
              && target.endsWith("Async")
              && call.getTarget().getRawParameterTypes().stream()
                  .noneMatch(type -> type.isEquivalentTo(Executor.class));
      return runsOnTheDefaultPool
          || IMPURE.contains(target)
          || target.matches("java\\.time\\.\\w+\\.now")
          || target.startsWith("java.lang.Thread.")
          || target.startsWith("java.util.concurrent.Executors.")
          || target.startsWith("java.util.concurrent.ForkJoinPool.")
          || target.startsWith("java.util.concurrent.ThreadLocalRandom.")
          || target.startsWith("java.security.SecureRandom.");
    }
  }
}
