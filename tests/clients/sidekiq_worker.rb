# A Sidekiq job that notes its sum in the file that SUMS names, one line a job.
require 'sidekiq'

url = { url: "redis://127.0.0.1:#{ENV.fetch('PORT')}/1" }
Sidekiq.configure_server { |config| config.redis = url }
Sidekiq.configure_client { |config| config.redis = url }

class Adder
  include Sidekiq::Worker
  def perform(first, second)
    File.open(ENV.fetch('SUMS'), 'a') { |file| file.puts(first + second) }
  end
end
