#!/bin/bash
# lightning_mnist.py on a SLURM cluster, as a job that may be cut: 2 machines with 4 GPUs each.
#
#   sbatch examples/slurm_mnist.sh                  from the folder of the repository
#   sbatch examples/slurm_mnist.sh --epochs 20      what follows goes to the script
#
#SBATCH --job-name=mnist
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4          # one process for each GPU: srun starts them, the Trainer finds itself in one
#SBATCH --gres=gpu:4                 # not --gpus-per-task: each process must see the GPUs of its machine
#SBATCH --cpus-per-task=8
#SBATCH --time=01:00:00
#SBATCH --output=mnist-%j.log
#SBATCH --open-mode=append           # a job that runs again goes on in the same log
#SBATCH --requeue                    # it may run again
#SBATCH --signal=B:USR1@120          # tell this shell (B:) 120 seconds before the time is over

export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}

# At the signal the job goes back into the queue. It begins anew later, and --resume takes it on from last.ckpt, to the
# very weights that it would have had without the cut; what is lost is the work since the last --save-every.
trap 'echo "Out of time: back into the queue."; scontrol requeue "$SLURM_JOB_ID"' USR1

# In the background, for bash runs a trap between two commands: `wait` ends when the signal comes, srun goes on.
srun --cpus-per-task="${SLURM_CPUS_PER_TASK:-1}" python examples/lightning_mnist.py \
    --devices "${SLURM_NTASKS_PER_NODE:-1}" --nodes "${SLURM_JOB_NUM_NODES:-1}" \
    --out "runs/slurm-${SLURM_JOB_ID:-0}" --resume --save-every 100 "$@" &
task=$!
wait $task
status=$?
if [ $status -gt 128 ]; then wait $task; status=$?; fi # it was the signal that ended the first `wait`
exit $status
